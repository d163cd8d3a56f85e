import { ROOT_CONTEXT } from '@opentelemetry/api';
import { SamplingDecision, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';

type Decide = (traceId: string, callerSampled: boolean | null) => boolean;

/** OpenTelemetry's samplers by their names: the same answer for all spans of a trace, on every server. */
export function chooseSampler(name: string, ratio: number): Decide {
  const parentBased = name.startsWith('parentbased_');
  const root = rootSampler(parentBased ? name.slice('parentbased_'.length) : name, ratio);
  return parentBased ? (traceId, callerSampled) => callerSampled ?? root(traceId) : root;
}

function rootSampler(name: string, ratio: number): (traceId: string) => boolean {
  if (name === 'always_on') return () => true;
  if (name === 'always_off') return () => false;
  const sampler = new TraceIdRatioBasedSampler(ratio);
  return (traceId) => sampler.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
}
