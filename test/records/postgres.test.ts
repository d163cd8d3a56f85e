import { after, before, describe } from 'node:test';
import { postgresMissing, startPostgres, type PostgresServer } from '../servers/postgres.js';
import { testConformance } from './conformance/suite.js';
import { postgresWay } from './ways.js';

describe('records in PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop());
  testConformance(postgresWay(() => server.url));
});
