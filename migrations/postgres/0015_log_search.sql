-- Each index on a random value costs every record a page to write. One index that grows at its end holds
-- all that a search looks at, so that a search without an index of its own reads no rows.
CREATE INDEX execution_logs_searched ON execution_logs (project_id, created_at, id, successful, tool, toolkit,
    user_id, account_id, auth_config_id, request_id);
DROP INDEX execution_logs_by_project;
DROP INDEX execution_logs_by_tool;
DROP INDEX execution_logs_by_request;
DROP INDEX execution_logs_failed;
