package browser_test

import "testing"

// TestStrangersUnderApache is what others try, beside a user who is signed in.
func TestStrangersUnderApache(t *testing.T) {
	t.Parallel()
	o := underApache(t, settings{})
	o.wcme("certify", "www.example.test,shop.example.test")
	b := browse(t, o.identity.Certificate)
	b.signIn(o, admin)
	before := o.changes()
	t.Run("roles are kept", func(t *testing.T) { o.on(t).keepsRoles() })
	t.Run("forms of other sites change nothing", func(t *testing.T) { b.on(t).besiege(o.on(t)) })
	t.Run("frames of other sites stay empty", func(t *testing.T) { b.on(t).refusesFrames(o.on(t)) })
	t.Run("names that others made up are refused", func(t *testing.T) { o.on(t).refusesNames(admin, b.on(t)) })
	t.Run("slow visitors keep nobody away", func(t *testing.T) { o.on(t).bearsSlowVisitors(admin) })
	t.Run("errors leak nothing", func(t *testing.T) { o.on(t).errsWithoutLeaks(admin) })
	if after := o.changes(); after != before {
		t.Errorf("something has changed: got\n%s\nwant\n%s", after, before)
	}
	o.expect("form of another site refused", "request refused")
}
