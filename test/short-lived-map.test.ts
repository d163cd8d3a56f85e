import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { ShortLivedMap } from '../src/short-lived-map.js';

test('it holds what a map would hold, whatever is done to it', () => {
  // Few ids, of which some share a chain.
  const ids = [...Array.from({ length: 20 }, () => randomUUID()), 'load a', 'b', '', `x${'0'.repeat(6)}`, `y${'0'.repeat(6)}`];
  const step = fc.record({ does: fc.constantFrom('set', 'delete', 'get'), id: fc.constantFrom(...ids), value: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const ours = new ShortLivedMap<number>();
      const model = new Map<string, number>();
      for (const { does, id, value } of steps) {
        if (does === 'set') {
          ours.set(id, value);
          model.set(id, value);
        } else if (does === 'delete') assert.equal(ours.delete(id), model.delete(id));
        else assert.equal(ours.get(id), model.get(id));
      }
      assert.equal(ours.size, model.size);
      const inOrder = (values: Iterable<number>) => [...values].sort((a, b) => a - b);
      assert.deepEqual(inOrder(ours.values()), inOrder(model.values()));
    }),
  );
});
