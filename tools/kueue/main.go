// Command kueue is Kueue's own controller for batch Jobs, put together for a
// control plane without pods.
//
// The official main package takes its certificates from folders that are fixed
// (/etc/kueue, /tmp/k8s-webhook-server), so a machine cannot run two of it, and
// it brings the controllers of ten other kinds of jobs. What decides (queues,
// quotas, admission, dispatch to other clusters) is the module's, unchanged.
// There are no webhooks: what they would fill in, a Job has to say itself
// (suspend: true).
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	configapi "sigs.k8s.io/kueue/apis/config/v1beta1"
	kueuealpha "sigs.k8s.io/kueue/apis/kueue/v1alpha1"
	kueue "sigs.k8s.io/kueue/apis/kueue/v1beta1"
	"sigs.k8s.io/kueue/pkg/cache"
	"sigs.k8s.io/kueue/pkg/config"
	"sigs.k8s.io/kueue/pkg/constants"
	"sigs.k8s.io/kueue/pkg/controller/admissionchecks/multikueue"
	"sigs.k8s.io/kueue/pkg/controller/core"
	"sigs.k8s.io/kueue/pkg/controller/core/indexer"
	"sigs.k8s.io/kueue/pkg/controller/jobframework"
	_ "sigs.k8s.io/kueue/pkg/controller/jobs/job"
	"sigs.k8s.io/kueue/pkg/metrics"
	"sigs.k8s.io/kueue/pkg/queue"
	"sigs.k8s.io/kueue/pkg/scheduler"
	"sigs.k8s.io/kueue/pkg/util/kubeversion"
)

// version is set by the linker.
var version = "v0.12.2"

func main() {
	configFile := flag.String("config", "", "Kueue's Configuration")
	// --kubeconfig is controller-runtime's own flag.
	asked := flag.Bool("version", false, "say the version and end")
	flag.Parse()
	if *asked {
		fmt.Println(version)
		return
	}
	ctrl.SetLogger(klog.NewKlogr())
	if err := run(ctrl.SetupSignalHandler(), *configFile); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, configFile string) error {
	types, err := knownTypes()
	if err != nil {
		return err
	}
	options, cfg, err := config.Load(types, configFile)
	if err != nil {
		return err
	}
	if err := feature.DefaultMutableFeatureGate.SetFromMap(cfg.FeatureGates); err != nil {
		return err
	}
	client, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	client.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(
		*cfg.ClientConnection.QPS, int(*cfg.ClientConnection.Burst))
	options.WebhookServer = noWebhooks{}
	metrics.Register()
	mgr, err := ctrl.NewManager(client, options)
	if err != nil {
		return err
	}
	versions := kubeversion.NewServerVersionFetcher(discovery.NewDiscoveryClientForConfigOrDie(client))
	if err := versions.FetchServerVersion(); err != nil {
		return err
	}
	if err := setUp(ctx, mgr, &cfg, versions); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func knownTypes() (*runtime.Scheme, error) {
	types := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		scheme.AddToScheme, kueue.AddToScheme, kueuealpha.AddToScheme, configapi.AddToScheme,
	} {
		if err := add(types); err != nil {
			return nil, err
		}
	}
	return types, nil
}

// setUp is what the official program does, in its order.
func setUp(
	ctx context.Context,
	mgr ctrl.Manager,
	cfg *configapi.Configuration,
	versions *kubeversion.ServerVersionFetcher,
) error {
	admitted := cache.New(mgr.GetClient())
	queues := queue.NewManager(mgr.GetClient(), admitted)
	if err := setUpIndexes(ctx, mgr, cfg); err != nil {
		return err
	}
	go queues.CleanUpOnContext(ctx)
	go admitted.CleanUpOnContext(ctx)
	if name, err := core.SetupControllers(mgr, queues, admitted, cfg); err != nil {
		return fmt.Errorf("controller of %s: %w", name, err)
	}
	if err := setUpDispatch(mgr, cfg); err != nil {
		return err
	}
	err := jobframework.SetupControllers(ctx, mgr, ctrl.Log,
		jobframework.WithManageJobsWithoutQueueName(cfg.ManageJobsWithoutQueueName),
		jobframework.WithKubeServerVersion(versions),
		jobframework.WithEnabledFrameworks(cfg.Integrations.Frameworks),
		jobframework.WithManagerName(constants.KueueName),
		jobframework.WithCache(admitted),
		jobframework.WithQueues(queues),
	)
	if err != nil {
		return err
	}
	return mgr.Add(scheduler.New(queues, admitted, mgr.GetClient(),
		mgr.GetEventRecorderFor(constants.AdmissionName)))
}

func setUpIndexes(ctx context.Context, mgr ctrl.Manager, cfg *configapi.Configuration) error {
	fields := mgr.GetFieldIndexer()
	if err := indexer.Setup(ctx, fields); err != nil {
		return err
	}
	if err := multikueue.SetupIndexer(ctx, fields, *cfg.Namespace); err != nil {
		return err
	}
	return jobframework.SetupIndexes(ctx, fields,
		jobframework.WithEnabledFrameworks(cfg.Integrations.Frameworks))
}

func setUpDispatch(mgr ctrl.Manager, cfg *configapi.Configuration) error {
	adapters, err := jobframework.GetMultiKueueAdapters(sets.New(cfg.Integrations.Frameworks...))
	if err != nil {
		return err
	}
	return multikueue.SetupControllers(mgr, *cfg.Namespace,
		multikueue.WithGCInterval(cfg.MultiKueue.GCInterval.Duration),
		multikueue.WithOrigin(*cfg.MultiKueue.Origin),
		multikueue.WithWorkerLostTimeout(cfg.MultiKueue.WorkerLostTimeout.Duration),
		multikueue.WithAdapters(adapters),
	)
}

// noWebhooks takes the place of a webhook server: it listens nowhere.
type noWebhooks struct{}

func (noWebhooks) NeedLeaderElection() bool        { return false }
func (noWebhooks) Register(string, http.Handler)   {}
func (noWebhooks) StartedChecker() healthz.Checker { return healthz.Ping }
func (noWebhooks) WebhookMux() *http.ServeMux      { return http.NewServeMux() }

func (noWebhooks) Start(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

var _ webhook.Server = noWebhooks{}
