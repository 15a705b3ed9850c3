# `make run` and `make test` set the machine up by themselves; `make help` lists
# the rest.

# go-enet and the race detector are cgo, whatever the environment says.
export CGO_ENABLED = 1

ARGS      ?=
BENCH     ?= .
BENCHTIME ?= 1s
# A number of runs: where it is a time, the go command now and then takes the end
# of it for a failure.
FUZZTIME  ?= 20000x

.DEFAULT_GOAL := help
.PHONY: run test build deps lint fmt fuzz torture bench help

run: build ## serve a place; ARGS="--name Attic --hz 30" hands it flags
	@exec bin/loci serve $(ARGS)

test: deps lint ## vet, staticcheck, and every test under the race detector
	go test -race -timeout 5m ./...

build: deps ## build the command as bin/loci
	go build -o bin/loci .

deps: ## install ENet and pkg-config where they are missing
	@.ci/deps

lint: deps ## vet and staticcheck
	go vet ./...
	go tool staticcheck ./...

fmt: ## format all Go files
	gofmt -w .

fuzz: deps ## run every fuzz test for FUZZTIME (20000x) inputs
	@set -e; \
	listed=$$(go test -list '^Fuzz' ./...); \
	echo "$$listed" | \
	awk '/^Fuzz/ { tests[n++] = $$1 } \
	     /^ok/   { for (i = 0; i < n; i++) print $$2, tests[i]; n = 0 }' | \
	while read -r package test; do \
		go test -run '^$$' -fuzz "^$$test$$" -fuzztime $(FUZZTIME) "$$package"; \
	done

torture: deps ## bad networks and a soak at length, and every fuzz test: some ten minutes
	go test -race -timeout 15m ./examples/torture -link 30s -soak 4m -v
	$(MAKE) fuzz

bench: deps ## run the benchmarks matching BENCH (all) for BENCHTIME (1s) each
	go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem ./...

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
