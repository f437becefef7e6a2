# 幸福家园: every command of the house. `make help` lists them.
# Settings go in by environment or .env: `make run HOST=0.0.0.0 PORT=8001`.

BASE := sh tools/python.sh
VENV := .venv/bin/python
T ?=
P ?=

.DEFAULT_GOAL := help
.PHONY: help run wechat-sim client test test-quick lint bench soak openapi pins clean

help: ## 列出所有命令 / list every command
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null || grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST)

run: ## 一条命令启动 / install what is missing, start, show the address (HOST=0.0.0.0 for phones)
	@$(BASE) -m tools.launch

test: ## 全部测试与覆盖率 / the whole suite with its gates; T=path runs only that path
	@$(BASE) -m tools.check test $(T)

test-quick: ## 三分钟内的测试 / unit tests and the specification, on SQLite only
	@$(BASE) -m tools.check quick

lint: ## 格式、风格、类型 / ruff, mypy --strict, vue-tsc
	@$(BASE) -m tools.check lint

bench: ## 与极限的比值 / ratios against the bare limits of the same run; T=name runs one
	@$(BASE) -m tools.check ready
	@$(VENV) -m tests.bench $(T)

soak: ## 一个承诺的全部次数 / the full figure of one promise: P=P5; SEED=n repeats a run
	@test -n "$(P)" || { echo "✗ 请写明承诺，例如 make soak P=P5 (name a promise)" >&2; exit 2; }
	@$(BASE) -m tools.check soak $(P)

wechat-sim: ## 微信模拟器 / simulate WeChat on this machine, to run the product in real mode; ARGS="--fault callback.drop=0.2"
	@$(BASE) -m tools.check ready
	@PYTHONPATH=miniapp-api exec $(VENV) -m wechat_sim $(ARGS)

client: ## 构建网页和小程序 / build the H5 page and the mini-program
	@$(BASE) -m tools.check client

openapi: ## 重新生成接口契约 / write miniapp-api/openapi.json anew
	@$(BASE) -m tools.check ready
	@$(VENV) -m flask --app wsgi openapi

pins: ## 由 requirements.in 生成 requirements.txt / compile the pins and try them on every supported machine
	@$(BASE) -m tools.check ready
	@$(VENV) -m tools.pins

clean: ## 删除可再生的文件，不动数据 / remove what can be made again; data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov
	@rm -rf miniapp-api/client/node_modules miniapp-api/client/dist tests/client/node_modules
	@find backend miniapp-api qr tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
