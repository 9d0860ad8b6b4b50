/** Closures against the code that stands in for them: the same program, run both ways. */
import assert from 'node:assert/strict'
import { stringifyJson } from '../../src/base/json.ts'
import type { Json } from '../../src/base/json-value.ts'
import { FhirError } from '../../src/fhir/error.ts'
import type { StructureMap } from '../../src/fhir/types.ts'
import { type LoadedProgram, loadProgram } from '../../src/structure-map/compile/load-program.ts'
import type { MapEnvironment } from '../../src/structure-map/environment.ts'
import { type FindRun, generatedRuns } from '../../src/structure-map/generate/generated-runs.ts'
import type { ValueRemark } from '../../src/structure-map/maps.ts'
import { DEFAULT_LIMITS } from '../../src/structure-map/run/run.ts'
import { modelOf } from '../../src/structure-map/run/write.ts'
import { runProgram } from '../../src/structure-map/run-program.ts'

/** A map that is run both ways. */
export interface BothWays {
  /**
   * The result, after both ways have given the same: value with the text of its decimals, what is shared in it, remarks, uuids drawn,
   * and the error with its place. Undefined when it fails.
   */
  run(source: Json, options?: { tolerant?: boolean }): Json | undefined
  /** Fails unless both ways take the same number of steps, and stop at the same place where fewer are allowed. */
  countSteps(source: Json, options?: { tolerant?: boolean }): Promise<void>
  /** How often code has run, and how often the closures because there was none. */
  counts: { generated: number; closures: number }
}

/** Loads a map to run it both ways. */
export async function bothWays(map: StructureMap, environment: MapEnvironment): Promise<BothWays> {
  const load = () => loadProgram(map, [], { environment, engineOnly: false })
  const loaded = await load()
  const find = generatedRuns(loaded.program, { runsBefore: 0 })
  const counts = { generated: 0, closures: 0 }
  const counted: FindRun = (...given) => {
    const run = find(...given)
    counts[run ? 'generated' : 'closures']++
    return run
  }
  const { steps } = DEFAULT_LIMITS
  return {
    counts,
    run(source, { tolerant = false } = {}) {
      const expected = outcomeOf(loaded, source, { findRun: undefined, tolerant, steps })
      assert.deepEqual(told(outcomeOf(loaded, source, { findRun: counted, tolerant, steps })), told(expected))
      return expected.value
    },
    async countSteps(source, { tolerant = false } = {}) {
      // Expressions that have needed the full engine once go there at once: what a run takes depends on those before it.
      const ask = async (isGenerated: boolean, most: number) => {
        const own = await load()
        return outcomeOf(own, source, {
          findRun: isGenerated ? generatedRuns(own.program, { runsBefore: 0 }) : undefined,
          tolerant,
          steps: most,
        })
      }
      if ((await ask(false, steps)).error) return
      const least = (isGenerated: boolean) =>
        leastLimit(async (most) => (await ask(isGenerated, most)).error === undefined)
      const most = await least(false)
      assert.equal(await least(true), most, 'steps')
      for (const fewer of [0, 1, 2, 3, most >> 1, most - 2, most - 1])
        assert.deepEqual(told(await ask(true, fewer)), told(await ask(false, fewer)), `with ${fewer} steps`)
    },
  }
}

/** The least limit with which a run ends well. */
async function leastLimit(isEnough: (steps: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, 1]
  while (!(await isEnough(high))) [low, high] = [high, high * 2]
  while (low + 1 < high) {
    const middle = (low + high) >> 1
    if (await isEnough(middle)) high = middle
    else low = middle
  }
  return high
}

interface Outcome {
  value: Json | undefined
  text: string
  models: (string | undefined)[]
  /** Of each object, when it stood there for the first time; a negative number for one of the source. */
  sharing: number[]
  remarks: ValueRemark[]
  uuids: number
  error: unknown
}

const told = ({ value: _, ...rest }: Outcome) => rest

function outcomeOf(
  { program, main }: LoadedProgram,
  source: Json,
  { findRun, tolerant, steps }: { findRun: FindRun | undefined; tolerant: boolean; steps: number },
): Outcome {
  const outcome: Outcome = {
    value: undefined,
    text: '',
    models: [],
    sharing: [],
    remarks: [],
    uuids: 0,
    error: undefined,
  }
  const uuid = () => `00000000-0000-4000-8000-${String(++outcome.uuids).padStart(12, '0')}`
  const before = stringifyJson(source)
  const call = {
    now: new Date('2026-01-02T03:04:05Z'),
    uuid,
    tolerant,
    remark: (each: ValueRemark) => void outcome.remarks.push(each),
  }
  try {
    const value = runProgram({
      program,
      main,
      source,
      call,
      limits: { ...DEFAULT_LIMITS, steps },
      elapsed: undefined,
      findRun,
    })
    outcome.value = value
    outcome.text = stringifyJson(value)
    outcome.models = modelsIn(value)
    outcome.sharing = sharingOf(value, source)
  } catch (error) {
    outcome.error = error instanceof FhirError ? { status: error.status, issues: error.issues } : String(error)
  }
  assert.equal(stringifyJson(source), before, 'the source was changed')
  return outcome
}

function modelsIn(value: Json): (string | undefined)[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(modelsIn)
  return [modelOf(value)?.url, ...Object.values(value).flatMap((each) => modelsIn(each ?? null))]
}

function sharingOf(value: Json, source: Json): number[] {
  const known = new Map<Json, number>()
  const visit = (each: Json, number: () => number, seen: (found: number) => void): void => {
    if (typeof each !== 'object' || each === null) return
    const found = known.get(each)
    if (found === undefined) known.set(each, number())
    seen(found ?? number())
    if (found === undefined) for (const inner of Object.values(each)) visit(inner ?? null, number, seen)
  }
  visit(
    source,
    () => -1,
    () => {},
  )
  const sharing: number[] = []
  visit(
    value,
    () => sharing.length,
    (found) => sharing.push(found),
  )
  return sharing
}
