// Command pulumi-resource-kubernetes is the official provider.
//
// The provider's own main package embeds a generated schema that is not part of
// the published module; the same schema, without docs, is: it is handed over by
// the builder (schema.json, read from the module cache before the build).
package main

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

//go:embed schema.json
var schema []byte

// version is set by the linker.
var version = "v4.25.0"

func main() {
	// The official program cannot be asked for its version; the toolchain has to.
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(version)
		return
	}
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}
