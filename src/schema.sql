-- schema: where everything lives. CREATE EXTENSION makes schema ledger, the public face.

COMMENT ON SCHEMA ledger IS
'Double-entry ledger: functions to post and read, views to look at. Rights are given with ledger.grant_access.';

CREATE SCHEMA ledger_data;
COMMENT ON SCHEMA ledger_data IS
'Tables and internal functions of the ledger. Closed to every role; read through the views and functions of schema ledger.';
