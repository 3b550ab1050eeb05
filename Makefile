# The only front door. `make help` lists what there is.
PYTHON ?= python3
export PYTHON

python := .venv/bin/python
driver := $(python) tests/tools/run.py
# The lab's choices (lab_cilium=..., lab_vm_nodes=...) on make's command line reach it as environment: make exports them.
lab := $(python) -m lab

.DEFAULT_GOAL := help
.PHONY: help setup lab lab-status lab-env lab-reset lab-down demo test test-all lint sanity unit molecule docs build bench

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup:  ## .venv/ with every tool (and, as root, the Debian packages they need)
	@bash tests/tools/setup.sh

lab: setup  ## start the practice cluster, or go on where a start was broken off
	@$(lab) up

lab-status: setup  ## what of the practice cluster runs
	@$(lab) status

lab-env: setup  ## shell assignments for the practice cluster (KUBECONFIG, KUBECTL, HELM, ...), for eval
	@$(lab) env

lab-reset: setup  ## the practice cluster back to its start state
	@$(lab) reset

lab-down: setup  ## remove the practice cluster, all of it
	@$(lab) down

demo: setup lab  ## the main job on the practice cluster: site.yml twice, then what happened
	@$(python) tests/tools/demo.py

test: setup  ## lint, unit and sanity tests, then one Molecule scenario per domain and the negative ones
	@$(driver) test

test-all: setup  ## make test with every Molecule scenario
	@$(driver) test-all

lint: setup  ## ruff, yamllint, ansible-lint, shellcheck, docs and changelog checks
	@$(driver) lint

sanity: setup  ## ansible-test sanity
	@$(driver) sanity

unit: setup  ## unit tests
	@$(driver) unit

molecule: setup  ## every Molecule scenario and the consumer test; SCENARIO=name for one
	@$(driver) molecule $(SCENARIO)

docs: setup  ## write the generated parts of README.md and of the role READMEs
	@$(python) tests/tools/docs.py

build: setup  ## the collection as a tarball in .build/
	@$(driver) build

bench: setup  ## how long a run of site.yml takes on the practice cluster when nothing changes
	@$(driver) bench
