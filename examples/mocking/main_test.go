package main

func Example() {
	main()
	// Output:
	// at first                     e-mail sent: true
	// an hour later                e-mail sent: false
	// 8 days later, in an outage   e-mail sent: true
	//
	// GET /account/network-invitations 200
	// POST /account/network-invitations 200
	// GET /account/network-invitations 200
	// GET /account/network-invitations 200
	// POST /account/network-invitations 503
	// GET /account/network-invitations 200
	//
	// nwi_1 expired
	// nwi_2 pending
}
