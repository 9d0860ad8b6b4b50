import type { Node } from '../../src/structure-map/model/nodes.ts'
import { DEFAULT_LIMITS, type Frame, type Run, spend } from '../../src/structure-map/run/run.ts'

/** A frame whose only variable is the instance itself; with the parts of a run that expressions read. */
export function frameOver(root: Node): Frame {
  const run = {
    root,
    now: new Date('2026-01-01T00:00:00Z'),
    steps: 0,
    nextLook: 0,
    limits: DEFAULT_LIMITS,
    budget: { spend: (steps: number) => spend(run, steps) },
  } as Run
  return { slots: [root], run, depth: 0 }
}
