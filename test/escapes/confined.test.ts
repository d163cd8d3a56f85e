import { holdTable } from './hold-table.js';

holdTable('confined');
