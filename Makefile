# The function is built for Function Compute; on another kind of machine a second build of it, for that
# machine, is what `make run` runs.
HOST     := $(shell go env GOOS)/$(shell go env GOARCH)
FUNCTION := $(if $(filter linux/amd64,$(HOST)),target/main,target/host/main)
GOBUILD  := go build -trimpath -ldflags='-s -w'
# The race detector needs a C compiler; without one the tests still run.
RACE     := $(shell command -v $$(go env CC) >/dev/null 2>&1 && echo -race)
FUZZTIME ?= 10s
LINT     := go tool -modfile=.ci/tools.mod golangci-lint

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build target/main (the function, linux/amd64) and target/vodctl (the command line)
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GOBUILD) -o target/main ./cmd/function
	$(GOBUILD) -o target/vodctl ./cmd/vodctl
ifneq ($(FUNCTION),target/main)
	CGO_ENABLED=0 $(GOBUILD) -o $(FUNCTION) ./cmd/function
endif

.PHONY: run
run: build ## See every kind of delivery become an outcome, recorded below ./outcomes
	@rm -rf outcomes
	@target/vodctl demo --function $(FUNCTION) --to outcomes

.PHONY: test
test: ## Run all tests, with the race detector where there is a C compiler
	go test $(RACE) ./...

.PHONY: lint
lint: ## Check formatting, vet, and the linters of .golangci.yml
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	go vet ./...
	$(LINT) run

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME (10s)
	@for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$target"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; \
	done

.PHONY: bench
bench: ## Run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: clean
clean: ## Remove what was built and recorded
	rm -rf target outcomes dist
