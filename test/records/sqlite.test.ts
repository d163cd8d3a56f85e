import { testConformance } from './conformance/suite.js';
import { sqliteWay } from './ways.js';

testConformance(sqliteWay);
