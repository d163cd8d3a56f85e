import { Counter, Gauge, type Registry } from 'prom-client';

interface FloorNumbers {
  warmLoads: number;
  floors: { function: string; lane: string; floor: number; workers: number }[];
}

/** bounded: manifests ask for floors, and more of them than this are left out. */
const mostLanes = 200;

/** Workers that are kept warm by manifests, by lane. Answers how to bring the numbers up to date. */
export function floorMetrics(registry: Registry): (numbers: FloorNumbers) => void {
  const own = { registers: [registry] };
  const lanes = { ...own, labelNames: ['function', 'lane'] };
  const wanted = new Gauge({ ...lanes, name: 'laneway_warm_floor', help: 'Workers that manifests want kept warm now.' });
  const there = new Gauge({ ...lanes, name: 'laneway_warm_workers', help: 'Workers of the versions that have a floor.' });
  const loads = new Counter({ ...own, name: 'laneway_warm_loads_total', help: 'Workers started before anybody called.' });

  return ({ warmLoads, floors }) => {
    for (const metric of [wanted, there, loads]) metric.reset();
    loads.inc(warmLoads);
    for (const { function: name, lane, floor, workers } of floors.slice(0, mostLanes)) {
      wanted.inc({ function: name, lane }, floor);
      there.inc({ function: name, lane }, workers);
    }
  };
}
