# `make run` and `make test` set the machine up by themselves; `make help` lists
# the rest.

# go-enet and the race detector are cgo, whatever the environment says.
export CGO_ENABLED = 1

ARGS      ?=
BENCH     ?= .
BENCHTIME ?= 1s
FUZZTIME  ?= 20000x
TIME      ?= 10m

.DEFAULT_GOAL := help
VISOR := engine/web/visor/dist/visor.html

.PHONY: run test build visor picture deps libs lint fmt fuzz timeperbyte torture abuse bench help

run: build ## serve a place; ARGS="--name Attic --hz 30" hands it flags
	@exec bin/loci serve $(ARGS)

test: deps visor lint ## vet, staticcheck, and every test under the race detector
	go test -race -timeout 10m ./...

build: libs visor ## build the command as bin/loci
	go build -o bin/loci .

visor: $(VISOR) ## build the page by which people walk in, which the command then has in it

$(VISOR): $(wildcard $(addprefix engine/web/visor/, src/* page/* *.json build.mjs) netcode/js/src/*) | libs
	cd engine/web/visor && npm ci --no-progress --loglevel=error && npm run --silent build

deps: ## install ENet, pkg-config, Node and, for the tests, Lua 5.1 and Chromium where they are missing
	@.ci/deps tests

libs:
	@.ci/deps

lint: libs ## vet and staticcheck
	go vet ./...
	go tool staticcheck ./...

fmt: ## format all Go files
	gofmt -w .

fuzz: deps ## run every fuzz test for FUZZTIME (20000x) inputs, or a time
	.ci/fuzz $(FUZZTIME)

timeperbyte: deps ## hold what agents send to 50 ms of the place's turn a MB for TIME (10m), with random messages
	go test -count 1 -timeout 0 ./engine -run TurnTimePerByte -timeperbyte $(TIME) -v

# Links are measured, so nothing runs beside them, nor the race detector. Who is killed
# must be back within a second, so the soak beside that stands back.
torture: deps build ## abuse, bad links, 200 kills, a soak, full disks, clocks set, all fuzz tests: 20 minutes
	go run ./examples/abuse --loci bin/loci --for 5s --all
	go test -count 1 -timeout 10m ./examples/torture -run 'Link|Blackout|Port' -link 30s -v
	nice -n 19 go test -race -count 1 -timeout 15m ./examples/torture -run Soak -soak 4m -v & soak=$$!; \
	go test -count 1 -timeout 15m . -run 'Kill|Disk|ReadOnly|Clock|Memory' -kills 200 -v; kills=$$?; \
	wait $$soak && exit $$kills
	.ci/fuzz 15s
	go test -count 1 -timeout 0 ./engine -run TurnTimePerByte -timeperbyte 1m

picture: deps visor ## take the picture of examples/lobby that README.md shows
	go test -count 1 . -run TestPicture -picture $(CURDIR)/examples/lobby/lobby.png

abuse: build ## attack a place in every known way beside four bystanders: 10 minutes
	go run ./examples/abuse $(ARGS)

bench: deps ## run the benchmarks matching BENCH (all) for BENCHTIME (1s) each
	go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem ./...

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
