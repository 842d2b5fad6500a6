# wCME. Building needs Go and GNU make; `make help` lists what can be made.

PREFIX    ?= /usr/local
BINDIR    ?= $(PREFIX)/bin
# On Debian, servers look for scripts in /usr/lib/cgi-bin.
CGIBINDIR ?= $(PREFIX)/lib/cgi-bin
# Example configurations: the folders of deploy/, without what tests them.
SHAREDIR  ?= $(PREFIX)/share/wcme
# Where systemd looks for what the host's administrator installs. The units are
# installed where there is systemd; SYSTEMD=no or yes says otherwise.
UNITDIR     ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
SYSTEMD     ?= $(if $(wildcard /lib/systemd/system /usr/lib/systemd/system),yes,no)

GO      ?= go
INSTALL ?= install

# Where there is no git, or no clone, the version is "dev".
VERSION := $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
COMMIT  := $(shell git rev-parse --verify --quiet HEAD 2>/dev/null)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# These two are all that is recorded of git: Go's own stamp stops the build in
# a clone that belongs to somebody else.
BUILD := CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false

# Flags of `go test`: nothing is taken for proved because it was once, and what is slow
# on a busy machine, pages in a browser above all, is no failure.
TESTFLAGS ?= -count=1 -timeout=60m
# Only root can be other users.
NOTROOT := $(filter-out 0,$(shell id -u))

# The tests and the demo (deploy/lab) find here what was built, and build nothing.
export WCME_BUILD := $(CURDIR)/build

# What the tests and the bench drive: PACKAGE:FILE, see .tools/packages.
TEST_PACKAGES := apache2-bin:/usr/sbin/apache2 libapache2-mod-fcgid:/usr/lib/apache2/modules/mod_fcgid.so \
	nginx-light:/usr/sbin/nginx libnginx-mod-stream:/usr/lib/nginx/modules/ngx_stream_module.so fcgiwrap:/usr/sbin/fcgiwrap lighttpd:/usr/sbin/lighttpd lighttpd-mod-openssl:/usr/lib/lighttpd/mod_openssl.so \
	haproxy:/usr/sbin/haproxy caddy:/usr/bin/caddy busybox:/bin/busybox mini-httpd:/usr/sbin/mini_httpd \
	openrc:/usr/sbin/openrc-run strace:/usr/bin/strace spawn-fcgi:/usr/bin/spawn-fcgi tinyproxy-bin:/usr/bin/tinyproxy s6:/usr/bin/s6-svscan systemd:/usr/bin/systemd-analyze iproute2:/usr/sbin/ip procps:/bin/kill \
	uacme:/usr/share/uacme/uacme.sh curl:/usr/bin/curl openssl:/usr/bin/openssl bind9:/usr/sbin/named postfix:/usr/sbin/postfix dovecot-core:/usr/sbin/dovecot dovecot-imapd:/usr/lib/dovecot/imap-login \
	chromium:/usr/bin/chromium w3m:/usr/bin/w3m $(if $(shell command -v npm),,npm:/usr/bin/npm) \
	gcc:/usr/bin/gcc libc6-dev:/usr/include/stdlib.h
BENCH_PACKAGES := $(TEST_PACKAGES) libfcgi-dev:/usr/include/fcgiapp.h

.PHONY: all build tools step-ca clock demo gallery test check generate bench install uninstall clean help packages

all: build

build: ## build/wcme, and in build/cgi-bin wcme and wcme-pages
	$(BUILD) -ldflags '$(LDFLAGS)' -o build/wcme ./overseer
	$(BUILD) -ldflags '$(LDFLAGS)' -o build/cgi-bin/wcme ./cgi
	$(BUILD) -ldflags '$(LDFLAGS)' -o build/cgi-bin/wcme-pages ./cgi/pages

tools: build/pebble/go.mod ## build/tools: templ, staticcheck, Pebble, at the versions of .tools/go.mod
	@mkdir -p build/tools
	cd .tools && $(BUILD) -modfile ../build/pebble/go.mod -o ../build/tools/ tool

# Of Pebble there is a copy in which less is left to chance.
build/pebble/go.mod: .tools/pebble .tools/go.mod .tools/go.sum
	.tools/pebble build/pebble

# The second CA of the tests: a module of its own, which takes a minute to build and so
# is built when its version changes.
step-ca: build/tools/step-ca ## build/tools/step-ca, at the version of .tools/stepca/go.mod

build/tools/step-ca: .tools/stepca/go.mod .tools/stepca/go.sum
	@mkdir -p build/tools
	cd .tools/stepca && $(BUILD) -ldflags '-s -w' -o ../../build/tools/step-ca github.com/smallstep/certificates/cmd/step-ca

demo: build tools ## shows it at work, until Ctrl-C; ONCE=1 ends after the last step
	@$(BUILD) -o build/demo ./deploy/demo
	@build/demo $(if $(ONCE),-once)

gallery: ## shows every page in every state, with made-up data, until Ctrl-C
	@$(GO) run ./web/gallery/show

clock: build/pebble/go.mod ## build/clock: the programs on a clock that tests set
	@$(GO) run ./deploy/clock build/clock -ldflags '$(LDFLAGS)'

# Where deploy/front notes what each web server answered; the last lines show it.
test: export WCME_TABLE := $(CURDIR)/build/table
test: packages check clock step-ca ## everything: the checks, the tests with real servers, the demo
	@rm -rf '$(WCME_TABLE)' && mkdir -p '$(WCME_TABLE)'
	$(GO) test -race $(TESTFLAGS) $(if $(NOTROOT),-skip '^TestRights') ./acmecore/...
	$(GO) test $(TESTFLAGS) $(if $(NOTROOT),-skip '^TestRights') $$($(GO) list ./... | grep -v '^wcme/acmecore')
	$(MAKE) --no-print-directory demo ONCE=1
	@$(if $(NOTROOT),echo 'make test: not root: the rights of other users (TestRights…) were left out.')
	@sort '$(WCME_TABLE)/front' | awk -f deploy/front/table.awk
	@echo 'make test: all passed.'

packages: # the Debian packages that the tests drive
	@.tools/packages $(TEST_PACKAGES)

check: build tools ## gofmt, vet, staticcheck, generated code, imports
	@.tools/formatted
	$(GO) vet ./...
	build/tools/staticcheck ./...
	@.tools/unchanged $(MAKE) --no-print-directory generate
	$(GO) test -run '^TestImport' ./acmecore

generate: tools ## the code of templates/, and what go:generate says
	build/tools/templ generate
	$(GO) generate ./...

bench: build tools ## the script beside programs in C, sh and Go's own library, as root in real servers; the overseer beside plain loops
	@.tools/packages $(BENCH_PACKAGES)
	$(GO) run ./deploy/bench --wcme build/cgi-bin/wcme
	$(GO) test -run '^$$' -bench . ./cgi/fastcgi
	$(GO) run ./deploy/bench/start --build build
	$(GO) run ./deploy/bench/overseer --build build

# What is installed as text gets the paths of this installation.
EXAMPLES := $(shell cd deploy && find . -type f -not -name '*.go' -not -path '*/testdata/*' \
	-not -path './lab/*' -not -path './clock/*' -not -path './faults/*' -not -path './load/*' -not -path './renewal/*' -not -path './examples/*' -not -path './bench/*' -not -path './badca/*' -not -path './stepca/*' -not -path './demo/*' -not -path './front/*' -not -path './looks/*' -path './*/*' | LC_ALL=C sort)
UNITS := wcme-overseer.service wcme-web.service wcme-web.socket
PATHS := sed -e 's|/usr/local/bin/wcme|$(BINDIR)/wcme|g' -e 's|/usr/lib/cgi-bin/wcme|$(CGIBINDIR)/wcme|g' \
	-e 's|/usr/local/share/wcme|$(SHAREDIR)|g'
# put FILE,TARGET,MODE writes a text at once, or not at all.
put = $(PATHS) "$(1)" >"$(2).new" && chmod $(3) "$(2).new" && mv -f "$(2).new" "$(2)"

install: $(if $(wildcard build/wcme),,build) ## into PREFIX (/usr/local), CGIBINDIR (PREFIX/lib/cgi-bin), below DESTDIR
	$(INSTALL) -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(CGIBINDIR)' '$(DESTDIR)$(SHAREDIR)'
	$(INSTALL) -m 0755 build/wcme '$(DESTDIR)$(BINDIR)/wcme'
	$(INSTALL) -m 0755 build/cgi-bin/wcme build/cgi-bin/wcme-pages '$(DESTDIR)$(CGIBINDIR)'
	@echo 'the examples of deploy/ go to $(DESTDIR)$(SHAREDIR)'
	@for file in $(EXAMPLES); do \
		target="$(DESTDIR)$(SHAREDIR)/$${file#./}" mode=0644; \
		if [ -x "deploy/$$file" ]; then mode=0755; fi; \
		$(INSTALL) -d "$${target%/*}" && $(call put,deploy/$$file,$$target,$$mode) || exit 1; \
	done
ifeq ($(SYSTEMD),yes)
	@echo 'the units of systemd go to $(DESTDIR)$(UNITDIR)'
	@$(INSTALL) -d '$(DESTDIR)$(UNITDIR)' '$(DESTDIR)$(SYSUSERSDIR)' '$(DESTDIR)$(TMPFILESDIR)'
	@for unit in $(UNITS); do $(call put,deploy/systemd/$$unit,$(DESTDIR)$(UNITDIR)/$$unit,0644) || exit 1; done
	@$(call put,deploy/systemd/wcme.sysusers,$(DESTDIR)$(SYSUSERSDIR)/wcme.conf,0644)
	@$(call put,deploy/systemd/wcme.tmpfiles,$(DESTDIR)$(TMPFILESDIR)/wcme.conf,0644)
endif

uninstall: ## removes what install has put there, and no state
	rm -f '$(DESTDIR)$(BINDIR)/wcme' '$(DESTDIR)$(CGIBINDIR)/wcme' '$(DESTDIR)$(CGIBINDIR)/wcme-pages'
	rm -f $(UNITS:%='$(DESTDIR)$(UNITDIR)/%') '$(DESTDIR)$(SYSUSERSDIR)/wcme.conf' '$(DESTDIR)$(TMPFILESDIR)/wcme.conf'
	@echo 'and the examples in $(DESTDIR)$(SHAREDIR)'
	@rm -f $(EXAMPLES:./%='$(DESTDIR)$(SHAREDIR)/%')
	@if [ -d '$(DESTDIR)$(SHAREDIR)' ]; then find '$(DESTDIR)$(SHAREDIR)' -depth -type d -exec rmdir {} \; 2>/dev/null || :; fi

clean: ## removes build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12
