-- schema: where everything lives. Both schemas are made here: one that somebody else has made is refused.

CREATE SCHEMA ledger;
COMMENT ON SCHEMA ledger IS
'Double-entry ledger: functions to post and read, views to look at. Rights are given with ledger.grant_access.';

CREATE SCHEMA ledger_data;
COMMENT ON SCHEMA ledger_data IS
'Tables and internal functions of the ledger. Closed to every role; read through the views and functions of schema ledger.';
