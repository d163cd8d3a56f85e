import { holdTable } from './hold-table.js';

holdTable('thread');
