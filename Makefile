# The function is built for Function Compute (linux/amd64). On another kind of machine there is a second build, for
# that machine, which `make run` uses.
HOST     := $(shell go env GOOS)/$(shell go env GOARCH)
FUNCTION := $(if $(filter linux/amd64,$(HOST)),target/main,target/host/main)
GOBUILD  := go build -trimpath -ldflags='-s -w'
# The race detector needs a C compiler. Without one, the tests run without the race detector.
RACE     := $(shell command -v $$(go env CC) >/dev/null 2>&1 && echo -race)
FUZZTIME ?= 10s
LINT     := go tool -modfile=.ci/tools.mod golangci-lint
RELEASER := go tool -modfile=.ci/tools.mod goreleaser
ARCHIVE  := dist/vod-callback-recorder.zip
EVENT    ?= events/testdata/vod-success.json
SERVICE  ?= s.yaml
# Serverless Devs needs credentials even if it calls no cloud API. These are not valid, and keep the real ones out of
# the container.
NOBODY   := AccountID=1234567890123456 AccessKeyID=nobody AccessKeySecret=nobody

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build target/main, target/reconcile/main (the functions, linux/amd64) and target/vodctl
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GOBUILD) -o target/main ./cmd/function
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GOBUILD) -o target/reconcile/main ./cmd/reconcile
	$(GOBUILD) -o target/vodctl ./cmd/vodctl
	@bash .ci/notices target/main >target/NOTICES
	@bash .ci/notices target/reconcile/main >target/reconcile/NOTICES
	@printf '*\n!main\n!NOTICES\n' >target/.fcignore # s deploy uploads only these two files
ifneq ($(FUNCTION),target/main)
	CGO_ENABLED=0 $(GOBUILD) -o $(FUNCTION) ./cmd/function
endif

.PHONY: run
run: build ## Run the demo: one delivery of every kind, recorded below ./outcomes
	@rm -rf outcomes
	@target/vodctl demo --function $(FUNCTION) --to outcomes

.PHONY: test
test: ## Run all tests, with the race detector if there is a C compiler
	go test $(RACE) ./...

.PHONY: lint
lint: ## Run the linters of .golangci.yml, go vet, and the format check
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	go vet ./...
	$(LINT) run

# The size of the function is that of every package of this module that it links.
.PHONY: size
size: ## Show the function's lines by package, without tests: at most 3,000
	@GOOS=linux GOARCH=amd64 go list -deps -f '{{with .Module}}{{if .Main}}{{$$.ImportPath}} {{$$.Dir}} {{join $$.GoFiles " "}}{{end}}{{end}}' ./cmd/function | \
	  while read -r package dir files; do echo "$$(cd "$$dir" && cat $$files | wc -l) $${package#$$(go list -m)/}"; done | \
	  awk '{ printf "%6d  %s\n", $$1, $$2; lines += $$1 } END { printf "%6d  lines, of 3000 at most\n", lines; exit lines > 3000 }'

.PHONY: licenses
licenses: build ## Show the licenses of the modules in the function, from target/NOTICES
	@sed -n 's/^==== //p' target/NOTICES

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME (10s)
	@for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$target"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$pkg || exit 1; \
	  done; \
	done

# The seed determines what a soak does. Another seed gives another soak.
SEED       ?= 1
DELIVERIES ?= 100000

.PHONY: soak
soak: ## Send DELIVERIES (100000) with faults and killed instances, and check that no event is lost (minutes)
	go test ./internal/test/soak -run '^TestSoak$$' -count 1 -v -timeout 60m -seed $(SEED) -deliveries $(DELIVERIES) \
	  -instances 64 -record-timeout 2s

.PHONY: bench
bench: build ## Compare the function with one that does nothing, and with the performance goals (a minute)
	@go run ./internal/test/bench -function $(FUNCTION)
	@go test -run '^$$' -bench Scale -benchtime 1x ./internal/reconcile

.PHONY: package
package: build ## Pack target/main into dist/, reproducibly
	@go run ./internal/deploy package $(ARCHIVE) target/main target/NOTICES

# Without PUBLISH, nothing is uploaded. The archives are in target/release.
PUBLISH ?=

.PHONY: release
release: ## Build the archives of VERSION (v1.0.0), with checksums; PUBLISH=1 publishes them on GitHub
	@echo '$(VERSION)' | grep -qE '^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$$' || { echo 'VERSION=$(VERSION): want one such as v1.0.0' >&2; exit 2; }
	@mkdir -p dist
	@awk -v heading='## $(VERSION:v%=%)' '/^## / {ours = $$0 == heading; next} ours' CHANGELOG.md >dist/notes.md
	@grep -q . dist/notes.md || { echo 'CHANGELOG.md has no section $(VERSION:v%=%)' >&2; exit 1; }
	GORELEASER_CURRENT_TAG='$(VERSION)' $(RELEASER) release --clean --release-notes dist/notes.md \
	  $(if $(PUBLISH),,--skip=publish,validate)
	@cp $(ARCHIVE) target/release/vod-callback-recorder_$(VERSION:v%=%).zip
	@cd target/release && sha256sum --check checksums.txt

.PHONY: validate
validate: build ## Check the deployment offline: the s.*.yaml files with .env, the templates, and the build
	@go run ./internal/deploy validate
	@if ! command -v s >/dev/null; then \
	  echo "note: Serverless Devs is not installed, so \`s verify\` is left out: npm install --global @serverless-devs/s"; \
	else \
	  for f in $(wildcard s.yaml s.queue.yaml s.reconcile.yaml); do \
	    out=$$($(NOBODY) s verify -t $$f 2>&1) && continue; \
	    case $$out in \
	      *ENOTFOUND*|*EAI_AGAIN*|*ECONNREFUSED*|*ETIMEDOUT*) echo "note: \`s verify\` is left out: the component is not here, and its registry is out of reach"; break;; \
	      *) echo "$$out"; exit 1;; \
	    esac; \
	  done; \
	fi

# Serverless Devs prints callback keys in its output and in its logs, which every user of the machine can read.
.PHONY: deploy
deploy: validate ## Deploy with Serverless Devs, without printing a key (SERVICE=s.queue.yaml: with the queue)
	@go build -o dist/deploy ./internal/deploy
	@logs="$${serverless_devs_config_home:-$$HOME}/.s/logs" && mkdir -p "$$logs" && chmod 700 "$$logs"
	@dist/deploy redact s deploy -y -t $(SERVICE) --output-file /dev/null

.PHONY: plan
plan: ## Show what `make deploy` would change, without printing a key
	@go build -o dist/deploy ./internal/deploy
	@logs="$${serverless_devs_config_home:-$$HOME}/.s/logs" && mkdir -p "$$logs" && chmod 700 "$$logs"
	@dist/deploy redact s plan -t $(SERVICE)

.PHONY: local-invoke
local-invoke: ## Invoke the function in Docker with EVENT=events/testdata/….json, as Function Compute runs it
	@test -f '$(EVENT)' || { echo "EVENT=$(EVENT): there is no such file" >&2; exit 2; }
	@$(NOBODY) RECORD_TO='$(or $(RECORD_TO),log:)' s local invoke -t $(SERVICE) --event-file '$(EVENT)'

.PHONY: clean
clean: ## Remove the builds and the records
	rm -rf target outcomes dist
