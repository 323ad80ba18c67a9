# ledger: a double-entry ledger inside PostgreSQL. "make help" lists what can be made.

# This list is the architecture: part X is src/X.h, src/X.c and src/X.sql (each optional). The install
# script is their SQL in this order, and a part may include the headers of earlier parts, never of later ones.
PARTS = schema error address amount rule share money owner shared hint board worker queue index store row lock release merkle ledger notify asset access progress account balance stripe set carry \
	journal entry hold canon chain registry condition request json receipt write key scope resolve outcome posting answer part \
	post batch reserve reverse event producer refused bulk parcel submit gate tail line check seal export parse intake locks run attempt report foreign stats verify claim origin import grant module

# These parts are plain computation: they need no server and are tested without one.
PURE = address amount rule share

LEDGER_VERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" ledger.control)

EXTENSION = ledger
MODULE_big = ledger
OBJS := $(patsubst %.c,%.o,$(wildcard $(PARTS:%=src/%.c)))
SQL := $(wildcard $(PARTS:%=src/%.sql))
DATA_built = ledger--$(LEDGER_VERSION).sql
EXTRA_CLEAN = test/unit/build output_iso tmp_check results regression.diffs regression.out log

# Only what SQL calls is exported: PostgreSQL 15 leaves PGDLLEXPORT empty, later ones set it to the same.
PG_CPPFLAGS = -DLEDGER_VERSION='"$(LEDGER_VERSION)"' -DPGDLLEXPORT='__attribute__((visibility("default")))'
PG_CFLAGS = -fvisibility=hidden -ffile-prefix-map='$(CURDIR)=.'

# The server's headers as system headers, found in the same order as without this: only our own code is judged.
QUIET_HEADERS = -isystem $(includedir_server) -isystem $(includedir_internal)

# WERROR=1: the parameters of SQL-callable functions and callbacks are given by the server, used or not.
ifdef WERROR
PG_CFLAGS += $(QUIET_HEADERS) -Wall -Wextra -Werror -Wno-unused-parameter
endif

# make installcheck runs all three; each may still be empty.
REGRESS := $(sort $(patsubst sql/%.sql,%,$(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=ledger
ISOLATION := $(sort $(patsubst test/specs/%.spec,%,$(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --load-extension=ledger
PROVE_TESTS := $(sort $(wildcard test/t/*.pl))
ifneq ($(PROVE_TESTS),)
TAP_TESTS = 1
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

PG_CONFIG ?= pg_config
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifneq ($(PGXS),)
include $(PGXS)

# PGXS does not track headers; a stale object would see another struct than its neighbours.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h) Makefile ledger.control

$(DATA_built): $(SQL) Makefile ledger.control
	{ printf '%s\n' '\echo Use "CREATE EXTENSION ledger" to load this file. \quit'; cat $(SQL); } >$@

# Each test/unit/X_test.c with the pure parts: once as it is, once stopping at undefined behaviour.
UNIT := $(patsubst test/unit/%.c,test/unit/build/%,$(wildcard test/unit/*_test.c))
UNIT_CC = $(CC) -g -O2 -Wall -Wextra -Wno-unused-parameter -iquote src $(CPPFLAGS) $(QUIET_HEADERS)
UNIT_LIBS = -L$(pkglibdir) -L$(libdir) -lpgcommon -lpgport -lm

$(UNIT) $(UNIT:%=%.ubsan): $(PURE:%=src/%.c) $(wildcard src/*.h test/unit/*.h) Makefile
test/unit/build/%: test/unit/%.c
	@mkdir -p test/unit/build
	$(UNIT_CC) -o $@ $(filter %.c,$^) $(UNIT_LIBS)
test/unit/build/%.ubsan: test/unit/%.c
	@mkdir -p test/unit/build
	$(UNIT_CC) -fno-wrapv -fsanitize=undefined -fno-sanitize-recover=undefined -o $@ $(filter %.c,$^) $(UNIT_LIBS)

unit: $(UNIT) $(UNIT:%=%.ubsan)
	@test/run/unit.sh $^

else
all install installcheck clean unit:
	@echo "No PostgreSQL server headers found: run 'make setup', or set PG_CONFIG." >&2; exit 1
endif

.PHONY: help setup demo test bench lint unit pgtap

help:
	@echo 'make              build for the server of PG_CONFIG (default: pg_config of the PATH)'
	@echo 'make install      install it there'
	@echo 'make installcheck regress, isolation and TAP tests against a running server'
	@echo 'make demo         see it work, in a server of its own: installs what is missing first'
	@echo 'make test         all tests, in a server of its own: installs what is missing first'
	@echo 'make setup        only install what is missing (Debian and Ubuntu)'
	@echo 'make unit         the parts that need no server, with and without sanitizer'
	@echo 'make pgtap        what the catalog must look like, against a running server'
	@echo 'make lint         the house rules'
	@echo 'make bench        speed, against plain SQL in the same run'
	@echo 'make clean        remove what was made'
	@echo 'WERROR=1 makes every warning of our own code an error.'

setup:
	@test/run/setup.sh >/dev/null
demo:
	@test/run/demo.sh
test:
	@test/run/test.sh
pgtap:
	@test/run/pgtap.sh
bench:
	@test/bench/run
	@test/bench/batch
	@test/bench/strict
lint: all
	@PARTS="$(PARTS)" PURE="$(PURE)" test/lint/run
