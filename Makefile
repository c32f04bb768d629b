# 小秘書：`make run` 就能用，`make test` 跑測試，其他指令看 `make help`。

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
# The first interpreter that is new enough; `make PYTHON=… run` names another one.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input --quiet
# The project itself, as a link: an edited file counts at once.
PROJECT := $(PIP) --no-deps --no-build-isolation --editable .

RUN_STAMP := $(VENV)/.run-ready
DEV_STAMP := $(VENV)/.dev-ready

# ---------------------------------------------------------------- 使用

.PHONY: run
run: $(RUN_STAMP) ## 準備好環境與模型，然後啟動小秘書（http://127.0.0.1:8000）
	@$(MAKE) --no-print-directory model || echo '模型檔還沒準備好：先直接摘錄原文回答；再執行 make run 會接著下載。' >&2
	@exec $(BIN)/secretary run

.PHONY: setup
setup: $(RUN_STAMP) model ## 只準備環境（.venv）與內嵌模型檔

# Nobody who brings a model server should wait for a file of 1.1 GB.
.PHONY: model
model: $(RUN_STAMP)
	@if [ -n "$$LLM_BASE_URL$$LLM_MODEL_PATH" ] || [ "$$LLM_ENGINE" = none ] \
		|| grep -qsE '^[[:space:]]*(export )?(LLM_BASE_URL=.|LLM_MODEL_PATH=.|LLM_ENGINE=none)' .env; \
	then echo '已指定語言模型，不下載內嵌模型。'; \
	else $(BIN)/secretary model fetch; fi

# ---------------------------------------------------------------- 測試

# A file's tests stay together, since they share servers and databases; every worker may load
# the embedded model (1.1 GB), hence no more than four.
TESTS := $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

.PHONY: test
test: $(DEV_STAMP) chromium ## 準備測試環境，然後跑全部測試
	$(TESTS)

.PHONY: crash
crash: $(DEV_STAMP) ## 在隨機的時刻強制結束五十次，數有沒有漏答或重複（約五分鐘）
	KILL_ROUNDS=50 $(BIN)/python -m pytest tests/integration/test_inbox_crash.py

.PHONY: check
check: $(DEV_STAMP) chromium ## 格式、lint、型別、分層規則，再跑測試
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(TESTS)

.PHONY: format
format: $(DEV_STAMP) ## 自動排版與修正
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Browser tests skip, and say so, where there is no Chromium.
.PHONY: chromium
chromium:
	@if command -v chromium chromium-browser google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo '安裝瀏覽器測試用的 Chromium…'; \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends chromium fonts-noto-cjk) >/dev/null \
		|| echo 'Chromium 沒有裝成，瀏覽器測試會略過。' >&2; \
	else echo '沒有 Chromium，瀏覽器測試會略過（Debian：apt-get install chromium fonts-noto-cjk）。' >&2; fi

# ---------------------------------------------------------------- 環境

$(BIN)/python:
	@if [ -z '$(PYTHON)' ]; then echo '需要 Python 3.11 以上；裝好後再執行一次，或用 make PYTHON=路徑 指定。' >&2; exit 1; fi
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo '這個 Python 少了 venv（Debian/Ubuntu：apt-get install python3-venv），裝好後再執行一次。' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements/run.txt pyproject.toml | $(BIN)/python
	@echo '安裝執行所需的套件（第一次約一兩分鐘）…'
	@$(PIP) --require-hashes --requirement requirements/run.txt
	@$(PROJECT)
	@touch $@

$(DEV_STAMP): requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo '安裝測試所需的套件（第一次約一兩分鐘）…'
	@$(PIP) --require-hashes --requirement requirements/dev.txt
	@$(PROJECT)
	@touch $@

# Hashes and environment markers, so that one file holds for every platform and Python;
# no index address, so that it installs from whatever registry or mirror pip is set to.
LOCK = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links $(LOCK_ARGS)

.PHONY: lock
lock: | $(BIN)/python ## 重新產生 requirements/（make lock LOCK_ARGS=--upgrade 會升級套件）
	@$(BIN)/uv --version >/dev/null 2>&1 || $(PIP) uv
	$(LOCK) --extra run --group build --output-file requirements/run.txt
	$(LOCK) --extra run --group dev --constraints requirements/run.txt --output-file requirements/dev.txt

.PHONY: env-example
env-example: $(DEV_STAMP) ## 由設定的定義重新產生 .env.example
	$(BIN)/python -m adapters.env_example

.PHONY: clean
clean: ## 刪掉 .venv 與快取；資料與模型檔都留著
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help
help: ## 列出指令
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' \
		| while IFS=$$'\t' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done
