// Vault's core in dev mode with the one secrets engine that worlds use: everything in memory, unsealed, gone at its end.
// `vault server` serves; `vault status` ends with 0 while it answers.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/helper/namespace"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

const listen = "0.0.0.0:8200"

// onlyKV is a catalogue of plugins with one entry.
type onlyKV struct{}

func (onlyKV) Contains(name string, kind consts.PluginType) bool {
	return name == "kv" && kind == consts.PluginTypeSecrets
}

func (r onlyKV) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	return func() (interface{}, error) { return logical.Factory(kv.Factory), nil }, r.Contains(name, kind)
}

func (onlyKV) Keys(kind consts.PluginType) []string {
	if kind == consts.PluginTypeSecrets {
		return []string{"kv"}
	}
	return nil
}

func (onlyKV) DeprecationStatus(string, consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, true
}

func (onlyKV) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }

func main() {
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	var err error
	switch command {
	case "server":
		err = serve(os.Getenv("VAULT_DEV_ROOT_TOKEN_ID"))
	case "status":
		err = status("http://127.0.0.1:8200/v1/sys/health")
	default:
		err = fmt.Errorf("usage: vault server | status")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "vault:", err)
		os.Exit(2)
	}
}

func status(health string) error {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(health)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s says %s", health, answer.Status)
	}
	return nil
}

func serve(token string) error {
	if token == "" {
		return fmt.Errorf("set VAULT_DEV_ROOT_TOKEN_ID to the root token that it shall have")
	}
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Warn})
	storage, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return err
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:        storage,
		LogicalBackends: map[string]logical.Factory{"kv": kv.Factory},
		BuiltinRegistry: onlyKV{},
		DisableMlock:    true,
		DevToken:        token,
		Logger:          logger,
	})
	if err != nil {
		return err
	}
	if err := begin(core, token); err != nil {
		return err
	}
	properties := &vault.HandlerProperties{Core: core}
	server := http.Server{Addr: listen, Handler: vaulthttp.Handler.Handler(properties), ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

// Unseals it, gives it its root token, and mounts the engine at `secret/`, as `vault server -dev` does.
func begin(core *vault.Core, token string) error {
	ctx := namespace.ContextWithNamespace(context.Background(), namespace.RootNamespace)
	seal := &vault.SealConfig{SecretShares: 1, SecretThreshold: 1}
	made, err := core.Initialize(ctx, &vault.InitParams{BarrierConfig: seal})
	if err != nil {
		return err
	}
	if unsealed, err := core.Unseal(append([]byte(nil), made.SecretShares[0]...)); err != nil || !unsealed {
		return fmt.Errorf("it could not be unsealed: %v", err)
	}
	requests := []*logical.Request{
		{Path: "auth/token/create", Data: map[string]interface{}{
			"id": token, "policies": []string{"root"}, "no_parent": true, "no_default_policy": true,
		}},
		{Path: "sys/mounts/secret", Data: map[string]interface{}{
			"type": "kv", "options": map[string]interface{}{"version": "2"},
		}},
	}
	for _, request := range requests {
		request.Operation = logical.UpdateOperation
		request.ClientToken = made.RootToken
		if answer, err := core.HandleRequest(ctx, request); err != nil || (answer != nil && answer.IsError()) {
			return fmt.Errorf("%s: %v %v", request.Path, err, answer)
		}
	}
	return nil
}
