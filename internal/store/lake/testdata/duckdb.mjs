// Reads a lake with DuckDB and prints what is in it, a JSON object in each line.
// HOLDFAST_NODE_MODULES is the folder in which @duckdb/node-api is installed.
import { createRequire } from 'node:module';
const { DuckDBInstance } = createRequire(process.env.HOLDFAST_NODE_MODULES + '/')('@duckdb/node-api');

const connection = await (await DuckDBInstance.create(':memory:')).connect();
const rows = await connection.runAndReadAll(`
  select metadata.uid as id, epoch_ms(time_dt) as at, time, region, "accountId" as account, orgId as org, "eventDay" as day,
         api.operation as operation, api.service.name as service, api.response.error as error, actor.user.uid as actor,
         actor.session.is_mfa as mfa, src_endpoint.ip as ip, [r.uid for r in resources] as arns, class_uid, type_uid, raw_data as raw
  from read_parquet('${process.argv[2]}/aws/CLOUD_TRAIL/1.0/**/*.parquet', hive_partitioning = true, hive_types = {'eventDay': varchar, 'accountId': varchar})`);
for (const row of rows.getRowObjectsJson()) console.log(JSON.stringify(row));
