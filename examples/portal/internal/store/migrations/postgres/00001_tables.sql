-- +goose Up
CREATE TABLE sessions (
	token  TEXT PRIMARY KEY,
	data   BYTEA NOT NULL,
	expiry TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expiry);

CREATE TABLE api_sessions (
	id      TEXT PRIMARY KEY,
	sealed  BYTEA NOT NULL,
	expires BIGINT NOT NULL
);
CREATE INDEX api_sessions_expires ON api_sessions (expires);

CREATE TABLE parents (
	pk         TEXT PRIMARY KEY,
	email      TEXT NOT NULL UNIQUE,
	password   BYTEA NOT NULL,
	child_name TEXT NOT NULL
);

CREATE TABLE subscriptions (
	pk       TEXT PRIMARY KEY REFERENCES parents (pk),
	plan     TEXT NOT NULL,
	wanted   TEXT NOT NULL,
	checking BOOLEAN NOT NULL,
	next_try BIGINT NOT NULL
);
CREATE INDEX subscriptions_to_check ON subscriptions (next_try) WHERE checking;
