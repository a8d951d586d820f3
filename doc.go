// Package partnerapi is a client of three partner-facing HTTP APIs: the partner API (signup links and subscriptions),
// the account API (customers, login and benefits) and the network API (invitations and networks).
package partnerapi
