// Command etcd is the official server: etcd publishes its server as a library,
// and its own main package lies in a module that cannot be required.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
