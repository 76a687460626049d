module suyun.invalid/tools/crds

go 1.24.0

require (
	github.com/cloudnative-pg/cloudnative-pg v1.27.0
	github.com/kubernetes-csi/external-snapshotter/client/v8 v8.2.0
	github.com/prometheus-operator/prometheus-operator v0.83.0
	github.com/rook/rook v1.15.0
	github.com/vmware-tanzu/velero v1.17.0
	open-cluster-management.io/api v1.0.0
	sigs.k8s.io/cluster-api v1.12.0
	sigs.k8s.io/gateway-api v1.4.0
	sigs.k8s.io/kueue v0.12.2
	sigs.k8s.io/kwok v0.7.0
)
