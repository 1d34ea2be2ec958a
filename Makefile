# The commands of docs and checks; what they do is in config/local/.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python

.PHONY: help run stop test lint bench reset dburl setup lock format

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | column -t -s '|'

setup: ## install what is missing
	@config/local/packages.sh

run: ## start the demo city on http://127.0.0.1:$PORT (8000); DETACH=1 returns when ready
	@config/local/packages.sh
	@config/local/serve.sh run

stop: ## stop what make run DETACH=1 started
	@config/local/serve.sh stop

test: ## every test, real-browser tests included; ARGS="-k name" goes to pytest
	@config/local/packages.sh --tests
	@config/local/test.sh $(ARGS)

lint: ## style, types, layers, migrations, compose file
	@config/local/packages.sh
	@config/local/lint.sh

bench: ## benchmarks; prints and writes bench/results.json
	@config/local/packages.sh --tests
	@config/local/database.sh start
	@$(PYTHON) -m bench $(ARGS)

dburl: ## the database address in use
	@config/local/database.sh url

reset: ## remove the private database and demo data; YES=1 skips the question
	@config/local/reset.sh

lock: ## write the lock files again from requirements/*.in and package.json
	@config/local/lock.sh

format: ## rewrite Python files in the project's style
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .
