import { describeLimits } from './open-resource-groups.js';

// A program of its own, so that whoever asks is not moved into another group by the question.
process.stdout.write(`${describeLimits()}\n`);
