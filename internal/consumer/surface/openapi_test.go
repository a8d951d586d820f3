package surface

import (
	"embed"

	"github.com/partnerapi/partnerapi-go/partnertest/openapi"
)

var _ embed.FS = openapi.Files
