// Conformance test: the official Node SDK as a client of the local Table Store emulator.
// Reads the OTS_ environment variables and prints one line per passed check.
'use strict';

const assert = require('node:assert/strict');
const TableStore = require('tablestore');

const { Long, Condition, RowExistenceExpectation, INF_MIN, INF_MAX } = TableStore;
const table = 'node_sdk';

const client = new TableStore.Client({
  accessKeyId: process.env.OTS_ID,
  accessKeySecret: process.env.OTS_SECRET,
  endpoint: process.env.OTS_ENDPOINT,
  instancename: process.env.OTS_INSTANCE,
  maxRetries: 0,
});

const call = (name, params) =>
  new Promise((resolve, reject) =>
    client[name](params, (error, data) => (error ? reject(error) : resolve(data))));

const key = (id, n) => [{ id }, { n: Long.fromNumber(n) }];
const ignore = () => new Condition(RowExistenceExpectation.IGNORE, null);
const columns = (row) =>
  Object.fromEntries((row.attributes || []).map((cell) => [cell.columnName, plain(cell.columnValue)]));
const plain = (value) =>
  value && typeof value.toNumber === 'function' ? value.toNumber()
    : Buffer.isBuffer(value) ? value.toString('hex') : value;
const read = async (id, n, more = {}) => {
  const found = await call('getRow', { tableName: table, primaryKey: key(id, n), maxVersions: 1, ...more });
  return found.row && found.row.primaryKey ? columns(found.row) : null;
};

const checks = {
  'a table is created, listed and described': async () => {
    await call('createTable', {
      tableMeta: {
        tableName: table,
        primaryKey: [{ name: 'id', type: 'STRING' }, { name: 'n', type: 'INTEGER' }],
      },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1 },
    });
    const { tableNames } = await call('listTable', {});
    assert.ok(tableNames.includes(table));
    const { tableMeta } = await call('describeTable', { tableName: table });
    assert.deepEqual(tableMeta.primaryKey.map((column) => column.name), ['id', 'n']);
  },

  'a row of every type is put and read': async () => {
    await call('putRow', {
      tableName: table,
      condition: ignore(),
      primaryKey: key('a', 1),
      attributeColumns: [
        { text: '表格存储 é' }, { whole: Long.fromNumber(-7) }, { part: 1.5 }, { truth: true },
        { bytes: Buffer.from([0, 255]) },
      ],
      returnContent: { returnType: TableStore.ReturnType.Primarykey },
    });
    assert.deepEqual(await read('a', 1), {
      bytes: '00ff', part: 1.5, text: '表格存储 é', truth: true, whole: -7,
    });
    assert.deepEqual(await read('a', 1, { columnsToGet: ['part'] }), { part: 1.5 });
    assert.equal(await read('none', 1), null);
  },

  'a row is updated with put, delete and increment': async () => {
    await call('updateRow', {
      tableName: table,
      condition: new Condition(RowExistenceExpectation.EXPECT_EXIST, null),
      primaryKey: key('a', 1),
      updateOfAttributeColumns: [
        { PUT: [{ part: 2.5 }] },
        { DELETE_ALL: ['text', 'bytes'] },
        { INCREMENT: [{ whole: Long.fromNumber(10) }] },
      ],
    });
    assert.deepEqual(await read('a', 1), { part: 2.5, truth: true, whole: 3 });
  },

  'a batch is written and read': async () => {
    const rows = Array.from({ length: 200 }, (_, n) => ({
      type: 'PUT',
      condition: ignore(),
      primaryKey: key('batch', n),
      attributeColumns: [{ number: Long.fromNumber(n) }],
    }));
    const written = await call('batchWriteRow', { tables: [{ tableName: table, rows }] });
    assert.equal(written.tables.filter((row) => row.isOk).length, 200);
    const found = await call('batchGetRow', {
      tables: [{
        tableName: table,
        primaryKey: [key('batch', 3), key('batch', 999)],
        maxVersions: 1,
      }],
    });
    assert.deepEqual(found.tables[0].map((row) => columns(row)), [{ number: 3 }, {}]);
  },

  'a range is read page by page in both directions': async () => {
    for (const [direction, first, last] of [
      [TableStore.Direction.FORWARD, INF_MIN, INF_MAX],
      [TableStore.Direction.BACKWARD, INF_MAX, INF_MIN],
    ]) {
      let start = [{ id: 'batch' }, { n: first }];
      const numbers = [];
      while (start) {
        const page = await call('getRange', {
          tableName: table,
          direction,
          maxVersions: 1,
          inclusiveStartPrimaryKey: start,
          exclusiveEndPrimaryKey: [{ id: 'batch' }, { n: last }],
          limit: 70,
        });
        numbers.push(...page.rows.map((row) => columns(row).number));
        const next = page.nextStartPrimaryKey;
        start = next && next.map((column) => ({ [column.name]: column.value }));
      }
      const expected = Array.from({ length: 200 }, (_, n) => n);
      assert.deepEqual(numbers, direction === TableStore.Direction.FORWARD ? expected : expected.reverse());
    }
  },

  'a failed condition rejects a write': async () => {
    const condition = new Condition(
      RowExistenceExpectation.IGNORE,
      new TableStore.SingleColumnCondition('whole', Long.fromNumber(4), TableStore.ComparatorType.EQUAL),
    );
    await expectError('OTSConditionCheckFail', 'deleteRow', {
      tableName: table, condition, primaryKey: key('a', 1),
    });
  },

  'a row and the table are deleted': async () => {
    await call('deleteRow', { tableName: table, condition: ignore(), primaryKey: key('a', 1) });
    assert.equal(await read('a', 1), null);
    await call('deleteTable', { tableName: table });
    await expectError('OTSObjectNotExist', 'describeTable', { tableName: table });
  },
};

async function expectError(code, name, params) {
  // This SDK does not parse the body of an error.
  await assert.rejects(call(name, params), (error) => String(error.message).includes(code));
}

(async () => {
  for (const [name, check] of Object.entries(checks)) {
    await check();
    console.log(`ok  ${name}`);
  }
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
