import { pino } from 'pino';
import { openBus } from '../../src/bus/open-bus.js';
import { testBus } from './bus-suite.js';

testBus({
  name: 'local bus',
  skip: false,
  open: () => openBus({ redisUrl: null, installationId: 'one', log: pino({ level: 'silent' }) }),
});
