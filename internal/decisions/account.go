package decisions

// account are the decisions about the account API.
var account = []Decision{
	{
		ID: "A01", By: BySDK, How: ReadOnly,
		Question:  "What is the path of the search?",
		Documents: "The heading says `/search?email={email}`. The curl line calls `/account/search`.",
		Decided:   "`/account/search`, as in the curl line.",
		Matters:   "`Accounts.Search`",
		Probe:     "Search for an e-mail that nobody has. A 404 means that the path is wrong.",
	},
	{
		ID: "A02", By: BySDK, How: ReadOnly,
		Question: "Does the status or the body tell a failure?",
		Documents: "The body: `status` is `ok` or `error`. No HTTP status is shown; another page of the vendor says that it is " +
			"always 200.",
		Decided: "`\"status\":\"error\"` is a failure with any HTTP status. A status other than 2xx is a failure with any " +
			"body. The message decides the kind if the HTTP status does not.",
		Matters: "every operation of this API",
		Probe:   "Get the customer with a wrong key: the HTTP status must be 200, and the body must say `error`.",
	},
	{
		ID: "A03", By: BySDK, How: ReadOnly,
		Question: "Can a success come without `status`?",
		Documents: "Every documented success has `\"status\":\"ok\"`. Servers have been seen to leave it out: " +
			"`{\"logged_in\":true}`, `{}`.",
		Decided: "A 2xx without `status` and without messages is a success. An empty body is a success of operations that " +
			"return nothing, such as a logout.",
		Matters: "every operation of this API",
		Probe:   "Get the status of a login without a session, and look for the member `status`. Either result is read.",
	},
	{
		ID: "A04", By: BySDK, How: ReadOnly,
		Question: "What does a 404 mean?",
		Documents: "Silent. Servers have been seen to respond `404 {\"error\":\"Not Found: …\"}`, and `Not Found` as the message " +
			"of a 200.",
		Decided: "Both mean that the path does not exist, because no path of this API names a record. They are " +
			"`ErrBadResponse`, never `ErrNotFound`.",
		Matters: "every operation of this API, with a wrong base URL",
		Probe:   "Get a path that does not exist: it must be one of the two forms.",
	},
	{
		ID: "A05", By: BySDK, How: ReadOnly,
		Question:  "Where is the fan club's key sent?",
		Documents: "Every operation needs the API key. Only the curl line of the search shows where: in the query, as `key`.",
		Decided:   "In the query of every request, those with a body or an access token included.",
		Matters:   "every operation of this API",
		Probe: "Get the customer without a session. A success means that the key was accepted; with a wrong key it must be a " +
			"failure.",
	},
	{
		ID: "A06", By: BySDK, How: Irreversible,
		Question: "How does a login identify the customer in later calls?",
		Documents: "The status of a login looks at the customer's cookie. The documented reply to a login has no token. No " +
			"header is shown.",
		Decided: "By the cookies that the login sets. They are one customer's `Session`, and no calls share them unless they " +
			"are passed the same one. A login without a cookie is `ErrBadResponse`.",
		Matters: "`Accounts.Login` and every method that takes a `Session`",
		Probe:   "Create a customer, log in, and get the customer with the cookies of the login.",
	},
	{
		ID: "A07", By: BySDK, How: Irreversible,
		Question:  "How are the cookies read and sent?",
		Documents: Silent,
		Decided: "As browsers do, by RFC 6265, section 5: each is sent back byte for byte. Domain, Path and Secure are " +
			"ignored; cookies go to the whole server that set them, and to no other. A session holds the newest 50, of up to 4 " +
			"KiB each.",
		Matters: "every method that takes a `Session`",
		Probe:   "Create a customer, log in, and look at the attributes and the bytes of each `Set-Cookie`.",
	},
	{
		ID: "A08", By: BySDK, How: ReadOnly,
		Question: "Is a new customer sent flat, or inside a member `customer`?",
		Documents: "The documented body is flat, with an object `password_attributes`. One failure says `Customer parameter is " +
			"required.`",
		Decided: "Flat.",
		Matters: "`Accounts.Create`",
		Probe: "Send a flat customer without a birthdate, which cannot be created. `Birthdate can't be blank` means that " +
			"flat is read. `Customer parameter is required.` means that it is not.",
	},
	{
		ID: "A09", By: ByBoth, How: ReadOnly,
		Question: "What says that nobody is logged in?",
		Documents: "`GET /account` shows `customer: null` for a customer who is not found. A general section shows the failure " +
			"`Please log in to access your online benefits.`",
		Decided: "Both are `ErrNotLoggedIn`, and so is a `GET /account` without the member `customer`. The fake responds to " +
			"`GET /account` with null, and to all else with the failure.",
		Matters: "`Accounts.Get`, `Accounts.Update`, `Accounts.Benefits`",
		Probe:   "Get the customer, get the benefits, and send an update, each without a session.",
	},
	{
		ID: "A10", By: BySDK, How: ReadOnly,
		Question:  "How does the search say that nobody has an e-mail?",
		Documents: "`customer: null`.",
		Decided:   "Null is `ErrNotFound`, and so is a response without the member `customer`.",
		Matters:   "`Accounts.Search`",
		Probe:     "Search for an e-mail that nobody has.",
	},
	{
		ID: "A11", By: BySDK, How: ReadOnly,
		Question: "What tells a wrong password from a wrong key?",
		Documents: "Only the message: `Email and password combination is incorrect.` for either of a login's values, and `Please " +
			"use a valid API Key.` for a search.",
		Decided: "The first message, alone and in the response to a login, is `ErrWrongPassword` and `ErrUnauthorized`. " +
			"Everything else that is unauthorised is `ErrUnauthorized` alone.",
		Matters: "`Accounts.Login`, `HTTPStatus`",
		Probe:   "Log in with an e-mail that nobody has, once with a wrong key.",
	},
	{
		ID: "A12", By: BySDK, How: HowNone,
		Question: "Which messages say that a customer may not log in?",
		Documents: "A login shows one for each case: blacklisted, unregistered, unconfirmed, and without access to the site. The " +
			"first contains the support address.",
		Decided: "They are `ErrForbidden`. They are recognised by their fixed part, because a fan club may have another " +
			"support address: `Unable to login.`, `Your email address has an unregistered account`, `Your email address has not " +
			"been confirmed.` at the beginning, `does not have access to this website.` at the end.",
		Matters: "`Accounts.Login`",
		Probe:   "A probe cannot make a customer blacklisted, unregistered or unconfirmed.",
	},
	{
		ID: "A13", By: BySDK, How: Irreversible,
		Question:  "Which messages say that a value is taken?",
		Documents: "`Email has already been taken`, in a list with messages about other fields. None is shown for a user name.",
		Decided:   "A message that ends with `has already been taken` is `ErrAlreadyExists` and `ErrInvalid`, for any field.",
		Matters:   "`Accounts.Create`, `Accounts.Update`",
		Probe:     "Create a customer, and create another with the same e-mail.",
	},
	{
		ID: "A14", By: BySDK, How: HowNone,
		Question:  "What does any other message mean?",
		Documents: "The documents show messages without a code. Other messages can come.",
		Decided:   "It is `ErrInvalid`, with the message in `Messages`.",
		Matters:   "every operation of this API",
		Probe:     "Messages that no document shows are not known in advance.",
	},
	{
		ID: "A15", By: BySDK, How: Irreversible,
		Question:  "Is it safe to retry a login?",
		Documents: Silent,
		Decided:   "Yes. A login is retried if its outcome is unknown; the session of the lost response stays unused.",
		Matters:   "`Accounts.Login`",
		Probe:     "Create a customer, log in twice, and get the customer with the second session.",
	},
	{
		ID: "A16", By: BySDK, How: ReadOnly,
		Question: "How does the API say that an access token is not accepted?",
		Documents: "Sites with bearer tokens send `Authorization: Bearer`, and exchange a refresh token at `POST /refresh`. The " +
			"response to an invalid access token is not shown.",
		Decided: "As for a visitor who is not logged in: see A09. The session then refreshes its tokens, and the call is " +
			"repeated once, writes included.",
		Matters: "every method that takes a `Session` of `NewTokenSession`",
		Probe:   "Get the customer with a made-up access token.",
	},
	{
		ID: "A17", By: ByBoth, How: HowNone,
		Question:  "Can a refresh token be used more than once?",
		Documents: "A refresh returns a new refresh token. The documents do not say whether the earlier one stays valid.",
		Decided: "Perhaps not. The SDK does not retry a refresh whose outcome is unknown, and never makes two at a time. In " +
			"the fake a refresh spends the token. If a response has no new refresh token, the SDK keeps the earlier one.",
		Matters: "every method that takes a `Session` of `NewTokenSession`",
		Probe:   "Only the hosted login page returns tokens, so a probe has no refresh token of its own.",
	},
	{
		ID: "A18", By: BySDK, How: HowNone,
		Question: "When is an access token refreshed?",
		Documents: "Access tokens live about 15 minutes. Their expiration comes with them, in Unix seconds, perhaps with a " +
			"fraction.",
		Decided: "From 30 seconds before the expiration, because clocks differ. A new access token is used for 30 seconds in " +
			"any case. An expiration that is missing or unreadable is unknown: the token is used until the API rejects it.",
		Matters: "every method that takes a `Session` of `NewTokenSession`; `TokensFromURL`",
		Probe:   "Only the hosted login page returns tokens, so a probe has none of its own.",
	},
	{
		ID: "A19", By: ByBoth, How: HowNone,
		Question:  "Does a logout revoke the tokens?",
		Documents: Silent,
		Decided: "After a logout the SDK removes the tokens from the session. The fake revokes the access token, and the " +
			"refresh token that came with it.",
		Matters: "`Accounts.Logout` with a `Session` of `NewTokenSession`",
		Probe:   "Only the hosted login page returns tokens, so a probe has none of its own.",
	},
	{
		ID: "A20", By: BySDK, How: ReadOnly,
		Question:  "Is a password confirmation required?",
		Documents: "It is shown in each request with a password. The documents do not say whether it is required.",
		Decided:   "The SDK always sends one: the password itself, if the caller gives none.",
		Matters:   "`Accounts.Create`, `Accounts.Update`",
		Probe: "Send a customer without a birthdate, which cannot be created, and without a confirmation. Look for a message " +
			"about it.",
	},
	{
		ID: "A21", By: BySDK, How: HowNone,
		Question:  "Is it safe to retry the creation or the update of a customer?",
		Documents: Silent,
		Decided: "No. Neither is retried if its outcome is unknown: a retry could report the customer's own e-mail as taken, " +
			"or the new password as a wrong current one.",
		Matters: "`Accounts.Create`, `Accounts.Update`",
		Probe:   "Not retrying is the careful choice. Nothing that the API does makes it wrong.",
	},

	{
		ID: "A22", By: ByFake, How: ReadOnly,
		Question: "What does the API say about a missing e-mail?",
		Documents: "The e-mail is required. The message is not shown; those of other fields are `Birthdate can't be blank`, " +
			"`Password can't be blank`.",
		Decided: "An e-mail that is missing or blank: `Email can't be blank`.",
		Matters: "`Accounts.Create`, `Accounts.Update`",
		Probe:   "Send a customer with neither birthdate nor e-mail, which cannot be created.",
	},
	{
		ID: "A23", By: ByFake, How: ReadOnly,
		Question:  "What does the API say about an invalid birthdate?",
		Documents: "The birthdate has the form YYYY-MM-DD. The message is not shown.",
		Decided:   "A birthdate in another form: `Birthdate is invalid`.",
		Matters:   "clients in other languages; the SDK cannot send an invalid date",
		Probe:     "Send a customer with the birthdate `yesterday` and an empty password, which cannot be created.",
	},
	{
		ID: "A24", By: ByFake, How: ReadOnly,
		Question:  "What does the API say about a wrong password confirmation?",
		Documents: Silent,
		Decided:   "A confirmation that differs from the password: `Password confirmation doesn't match Password`.",
		Matters:   "`Accounts.Create`, `Accounts.Update`",
		Probe:     "Send a customer without a birthdate, which cannot be created, and with a confirmation that differs.",
	},
	{
		ID: "A25", By: ByFake, How: Irreversible,
		Question:  "How long does a login last?",
		Documents: Silent,
		Decided:   "Until `Fake.ExpireSessions`. The cookie `partnertest_session` has no expiration.",
		Matters:   "tests that wait for the end of a session",
		Probe:     "Create a customer, log in, and look for an expiration in `Set-Cookie`. The server may end a session earlier.",
	},
	{
		ID: "A26", By: ByFake, How: ReadOnly,
		Question:  "What does the API say about an unknown key?",
		Documents: "A search shows `Please use a valid API Key.` Other operations show no such failure.",
		Decided:   "The same in every operation.",
		Matters:   "every operation of this API: the message is `ErrUnauthorized`, another would be `ErrInvalid`",
		Probe: "Get the customer and the status of a login, and log in with an e-mail that nobody has, each with a wrong " +
			"key.",
	},
	{
		ID: "A27", By: ByFake, How: ReadOnly,
		Question:  "How does the API respond to an unknown path?",
		Documents: "Silent. Servers have been seen to respond with a 404 and `Not Found: …`.",
		Decided:   "With a 404: `Not Found: ` and the path.",
		Matters:   "every operation of this API, with a wrong base URL",
		Probe:     "Get a path that does not exist.",
	},
	{
		ID: "A28", By: ByFake, How: HowNone,
		Question:  "When does a session end besides by a logout?",
		Documents: "A customer who is not registered and confirmed counts as logged out. Other cases are not described.",
		Decided: "It is not valid with the key of another fan club, nor for a customer who has been blocked or is not " +
			"confirmed.",
		Matters: "every method that takes a `Session`",
		Probe:   "A probe has one fan club, and cannot block a customer.",
	},
	{
		ID: "A29", By: ByFake, How: ReadOnly,
		Question:  "Does the status of a login validate an access token?",
		Documents: "It does not validate a cookie, only that there is one. Access tokens are not mentioned.",
		Decided:   "No: with any access token the customer is reported as logged in.",
		Matters:   "`Accounts.Status` with a `Session` of `NewTokenSession`",
		Probe:     "Get the status of a login with a made-up access token.",
	},
	{
		ID: "A30", By: ByFake, How: Irreversible,
		Question:  "Must a customer accept the terms?",
		Documents: "`accept_terms` is optional. Its effect is not described, and neither is that of `lists_opt_in_source`.",
		Decided:   "No. `accept_terms` and `lists_opt_in_source` have no effect.",
		Matters:   "`Accounts.Create`, `Accounts.Update`",
		Probe:     "Create a customer without `accept_terms`, and update it with `lists_opt_in_source`.",
	},
	{
		ID: "A31", By: ByFake, How: Irreversible,
		Question:  "Can two customers have the same user name?",
		Documents: Silent,
		Decided:   "Yes.",
		Matters:   "`Accounts.Create`, `Accounts.Update`",
		Probe:     "Only in a fan club with user names: create two customers with the same one.",
	},
	{
		ID: "A32", By: ByFake, How: ReadOnly,
		Question:  "What does the API say about a customer that it cannot read?",
		Documents: "`Customer parameter is required.`, with the heading `Missing customer parameter`.",
		Decided:   "The same for a body that is not JSON in UTF-8, in a creation and in an update.",
		Matters:   "clients in other languages; the SDK sends valid JSON",
		Probe:     "Send `{` as a new customer.",
	},
	{
		ID: "A33", By: ByFake, How: Irreversible,
		Question: "What can a new customer do?",
		Documents: "The heading of the reply says `Created a new registered customer`. Confirmation of the e-mail is not " +
			"mentioned. The example has `expired: false`, although `expired` is true for a customer without an active " +
			"subscription.",
		Decided: "A new customer is confirmed and can log in immediately. `expired` is true.",
		Matters: "`Accounts.Create`, and `Accounts.Login` after it",
		Probe:   "Create a customer, look at `expired`, and log in.",
	},
	{
		ID: "A34", By: ByFake, How: Irreversible,
		Question:  "Does a new password end the sessions?",
		Documents: Silent,
		Decided:   "No.",
		Matters:   "`Accounts.Update`",
		Probe:     "Create a customer, log in twice, change the password with one session, and get the customer with the other.",
	},
	{
		ID: "A35", By: ByFake, How: Irreversible,
		Question:  "Does an empty name in an update clear it?",
		Documents: Silent,
		Decided:   "Yes.",
		Matters:   "clients in other languages; the SDK leaves an empty name out",
		Probe:     "Create a customer with a first name, log in, and update the first name to an empty text.",
	},
	{
		ID: "A36", By: ByFake, How: Irreversible,
		Question: "When does a new e-mail become valid?",
		Documents: "The example of an update shows the new e-mail immediately, `new_email` as null, and other addresses in " +
			"`email_aliases`. What `new_email` is for is not described.",
		Decided: "Immediately, without a confirmation. The newest hundred earlier addresses stay aliases.",
		Matters: "`Accounts.Update`; `NewEmail` and `EmailAliases` of a `Customer`",
		Probe:   "Create a customer, log in, change the e-mail to another address of yours, and get the customer.",
	},
	{
		ID: "A37", By: ByFake, How: HowNone,
		Question: "Does the login of an unregistered customer need the right password?",
		Documents: "The failure says that the e-mail address has an unregistered account. The documents do not say whether the " +
			"password is checked.",
		Decided: "No. The failure comes with any password.",
		Matters: "`Accounts.Login`",
		Probe:   "An unregistered customer is made by the purchase of a free plan, which no operation does.",
	},
	{
		ID: "A38", By: ByFake, How: HowNone,
		Question:  "Does a wrong password reveal that a customer is blocked or not confirmed?",
		Documents: Silent,
		Decided:   "No. Only a login with the right password does.",
		Matters:   "`Accounts.Login`",
		Probe:     "A probe cannot make a customer who is blocked or not confirmed.",
	},
	{
		ID: "A39", By: ByFake, How: ReadOnly,
		Question:  "Does a logout without a session succeed?",
		Documents: Silent,
		Decided:   "Yes.",
		Matters:   "`Accounts.Logout`",
		Probe:     "Log out without a session.",
	},
	{
		ID: "A40", By: ByFake, How: HowNone,
		Question:  "Whom does a search find?",
		Documents: "Customers of the fan club. Their state is not mentioned.",
		Decided:   "All of them, also those who are blocked, not confirmed or not registered.",
		Matters:   "`Accounts.Search`",
		Probe:     "A probe cannot make a customer who is blocked, not confirmed or not registered.",
	},
	{
		ID: "A41", By: ByFake, How: Irreversible,
		Question:  "Does case matter in an e-mail?",
		Documents: Silent,
		Decided:   "No: neither in a login, nor in a search, nor for whether an e-mail is taken.",
		Matters:   "`Accounts.Create`, `Accounts.Login`, `Accounts.Search`, `Accounts.Update`",
		Probe:     "Create a customer, and search for the e-mail in capitals. The part after the `@` never depends on case.",
	},
	{
		ID: "A42", By: ByFake, How: HowNone,
		Question: "Can customers of different fan clubs share an e-mail?",
		Documents: "A search is limited to the customers of the fan club. The documents do not say whether an e-mail can be in " +
			"two.",
		Decided: "Yes.",
		Matters: "`Accounts.Create`, `Accounts.Search` with several keys",
		Probe:   "A probe has one fan club.",
	},
	{
		ID: "A43", By: ByFake, How: HowNone,
		Question:  "How long do tokens live?",
		Documents: "An access token about 15 minutes, and a refresh token about a day.",
		Decided:   "15 minutes and a day, by the fake's clock.",
		Matters:   "tests that let time pass; the SDK reads the expirations that come with the tokens",
		Probe:     "Only the hosted login page returns tokens, so a probe has none of its own.",
	},
	{
		ID: "A44", By: ByFake, How: HowNone,
		Question:  "Which tokens stay valid after a refresh?",
		Documents: Silent,
		Decided: "The earlier access token, until it expires. With the key of another fan club a refresh token is unknown: " +
			"`Unable to decode refresh token`.",
		Matters: "every method that takes a `Session` of `NewTokenSession`",
		Probe:   "Only the hosted login page returns tokens, so a probe has none of its own.",
	},
	{
		ID: "A45", By: BySDK, How: Irreversible,
		Question: "Does a customer have every member in every response?",
		Documents: "`username` and `subscription` are left out in described cases. `registered`, `auto_renewal_enabled` and " +
			"`lists_opt_in` are in some examples only.",
		Decided: "No. The last three are pointers, and nil if they are not in the response. Any other missing member is a zero " +
			"field.",
		Matters: "the fields of a `Customer`",
		Probe: "Create a customer, log in, get the customer, and search for the e-mail. Compare the members of the " +
			"responses.",
	},
}
