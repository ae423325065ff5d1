package admin

import (
	"context"
	"fmt"
)

// Token is a token of the Janus API and the plugins that it allows.
type Token struct {
	Token   string   `json:"token"`
	Plugins []string `json:"allowed_plugins"` // package names, such as "janus.plugin.echotest"
}

// String returns the plugins, without the token.
func (t Token) String() string { return fmt.Sprintf("*** %v", t.Plugins) }

// GoString returns the same as String.
func (t Token) GoString() string { return t.String() }

// AddToken adds a token that requests of the Janus API may use (add_token). It
// allows the named plugins, or all if none is named. The plugins that it now
// allows are returned; names that the server does not know are passed over.
//
// The token requests need stored tokens: token_auth without token_auth_secret in
// janus.jcfg. Otherwise they fail with janus.ErrorUnknown. Tokens are kept in
// memory only.
func (c *Client) AddToken(ctx context.Context, token string, plugins ...string) ([]string, error) {
	return c.changeToken(ctx, "add_token", token, plugins)
}

// AllowToken adds plugins to those that a token allows, and returns all of them
// (allow_token). At least one must be named. An unknown token is a
// janus.ErrorTokenNotFound, an unknown plugin a janus.ErrorInvalidElementType.
func (c *Client) AllowToken(ctx context.Context, token string, plugins ...string) ([]string, error) {
	return c.changeToken(ctx, "allow_token", token, plugins)
}

// DisallowToken removes plugins from those that a token allows, and returns the
// rest (disallow_token). Errors are as in AllowToken. A token without any plugin
// exists, but ListTokens leaves it out.
func (c *Client) DisallowToken(ctx context.Context, token string, plugins ...string) ([]string, error) {
	return c.changeToken(ctx, "disallow_token", token, plugins)
}

func (c *Client) changeToken(ctx context.Context, name, token string, plugins []string) ([]string, error) {
	fields := members{"token": token}
	if len(plugins) > 0 {
		fields["plugins"] = plugins
	}
	var a struct{ Data struct{ Plugins []string } }
	err := c.do(ctx, &request{janus: name, token: token}, fields, "success", &a)
	return a.Data.Plugins, err
}

// ListTokens returns the tokens that allow at least one plugin, in no order
// (list_tokens).
func (c *Client) ListTokens(ctx context.Context) ([]Token, error) {
	var a struct{ Data struct{ Tokens []Token } }
	err := c.global(ctx, "list_tokens", nil, &a)
	return a.Data.Tokens, err
}

// RemoveToken removes a token (remove_token). Sessions that use it get
// janus.ErrorUnauthorized from then on. Removing an unknown token fails with
// janus.ErrorUnknown.
func (c *Client) RemoveToken(ctx context.Context, token string) error {
	return c.do(ctx, &request{janus: "remove_token", token: token}, members{"token": token}, "success", nil)
}
