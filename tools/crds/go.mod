module suyun.invalid/tools/crds

go 1.24.0

require (
	sigs.k8s.io/gateway-api v1.4.0
	sigs.k8s.io/kwok v0.7.0
)
