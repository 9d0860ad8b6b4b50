/**
 * Whether a resource is valid (https://hl7.org/fhir/R4/validation.html): its structure, what R4 says beyond it, and the profiles that it
 * states or is to be held against. What cannot be judged is told, never passed over.
 */
import type { JsonObject } from '../../base/json-value.ts'
import { checkResource } from '../check/resource.ts'
import { FhirError, isError, unprocessable } from '../error.ts'
import { asJson } from '../json.ts'
import type { OperationBudget } from '../operation.ts'
import type { Issue, Resource } from '../types.ts'
import { type CodeTest, judgeAsks } from './bindings.ts'
import { checkResourceBeyondStructure } from './check-base.ts'
import { checkProfile } from './check-profile.ts'
import { createProfiles, neededBy, type ProfileSource } from './load-profiles.ts'
import { indexBundle } from './references.ts'
import { createReport, type Report } from './report.ts'
import type { Ask, Program, Steps, Walk } from './walk.ts'

/** What the validator is given. */
export interface ValidationSource extends ProfileSource {
  /** The codes of a value set. @throws FhirError where they are not known */
  membership(valueSet: string): Promise<CodeTest>
  now(): Date
}

/** How one resource is to be validated. */
interface ValidationOptions {
  /** Profiles beside those that it states. */
  profiles?: readonly string[]
  /** Who pays for it; without one it is done in one go. */
  budget?: Pick<OperationBudget, 'runSteps' | 'runAsync' | 'tick'> | undefined
  /** Whether nobody waits for the answer any more. */
  isGone?: () => boolean
}

/** Validates resources. */
export interface Validator {
  /**
   * Everything that is wrong with a resource or could not be judged, errors first found first; severities as the standard has them.
   * @throws FhirError 422 too-costly where the budget is spent
   */
  validate(resource: Resource, options?: ValidationOptions): Promise<Issue[]>
}

/** A validator over a source of profiles and value sets. What it reads of profiles is kept until a definition changes. */
export function createValidator(source: ValidationSource): Validator {
  const profiles = createProfiles(source)
  return {
    async validate(given, { profiles: wanted = [], budget, isGone = () => false } = {}) {
      const resource = asJson(given)
      const run = <T>(steps: Steps<T>) => (budget ? budget.runSteps(steps) : Promise.resolve(finish(steps)))
      const structure = await run(structureSteps(given))
      // What is no object of R4 at all is not looked into.
      if (structure.some(isRoot)) return structure
      const needed = await run(neededBy(resource))
      const program = await profiles.load([...wanted, ...needed])
      const tests = await testsOf(valueSetsOf(program), source)
      const report = createReport()
      const walk = createWalk({ source, report, program, tests, tick: ticking(budget, isGone) })
      await run(check(walk, resource, wanted))
      await judgeBindings(walk.asks, { source, tests, report, run })
      return withoutDouble([...structure, ...report.issues()])
    },
  }
}

/** Nothing is worked out for a client who has gone. */
function ticking(budget: ValidationOptions['budget'], isGone: () => boolean): () => void {
  let count = 0
  return () => {
    budget?.tick()
    if (++count % 500 === 0 && isGone()) throw unprocessable('The client has gone', 'incomplete')
  }
}

function* structureSteps(resource: Resource): Steps<Issue[]> {
  yield
  return checkResource(resource)
}

/** A fault of the whole: no expression, or that of its nesting. */
const isRoot = (found: Issue) => isError(found) && (found.expression === undefined || found.code === 'too-costly')

function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

function* check(walk: Walk, resource: JsonObject, wanted: readonly string[]): Steps {
  const home = { resource, root: resource, bundle: undefined, fullUrl: undefined }
  yield* checkResourceBeyondStructure(walk, resource, home)
  const type = String(resource.resourceType)
  walk.home = { ...home, bundle: type === 'Bundle' ? indexBundle(resource) : undefined }
  walk.trail.push({ segment: type, name: type, type })
  for (const canonical of new Set(wanted)) yield* checkProfile(walk, canonical, resource, type)
  walk.trail.pop()
}

interface WalkParts {
  source: ValidationSource
  report: Report
  program: Program
  tests: Map<string, CodeTest | FhirError>
  tick(): void
}

function createWalk({ source, report, program, tests, tick }: WalkParts): Walk {
  const isIn: Walk['isIn'] = (valueSet, code, system) => {
    const test = tests.get(valueSet)
    if (!test || test instanceof FhirError) return undefined
    try {
      return test(code, system)
    } catch (error) {
      if (error instanceof FhirError) return undefined
      throw error
    }
  }
  const home = { resource: {}, root: {}, bundle: undefined, fullUrl: undefined }
  return {
    report,
    program,
    asks: [],
    trail: [],
    home,
    isSilent: false,
    isIn,
    now: source.now(),
    open: new Map(),
    answers: new WeakMap(),
    unknown: new Set(),
    tick,
  }
}

const valueSetsOf = (program: Program) => new Set([...program.values()].flatMap((each) => each?.valueSets ?? []))

async function testsOf(
  valueSets: Iterable<string>,
  source: ValidationSource,
): Promise<Map<string, CodeTest | FhirError>> {
  const tests = new Map<string, CodeTest | FhirError>()
  for (const each of valueSets) tests.set(each, await testOf(each, source))
  return tests
}

async function testOf(valueSet: string, source: ValidationSource): Promise<CodeTest | FhirError> {
  try {
    return await source.membership(valueSet)
  } catch (error) {
    if (error instanceof FhirError) return error
    throw error
  }
}

interface Judging extends Pick<WalkParts, 'source' | 'tests' | 'report'> {
  run<T>(steps: Steps<T>): Promise<T>
}

async function judgeBindings(asks: Ask[], { source, tests, report, run }: Judging): Promise<void> {
  const byValueSet = Map.groupBy(asks, ({ binding }) => binding.valueSet)
  for (const [valueSet, group] of byValueSet) {
    const test = tests.get(valueSet) ?? (await testOf(valueSet, source))
    await run(judgeAsks(group, test, report))
  }
}

/** One fault is told once: by structure, where that sees it. */
function withoutDouble(issues: Issue[]): Issue[] {
  const told = new Set<string>()
  return issues.filter(({ code, expression, details }) => {
    const key = `${code}\n${expression?.join() ?? ''}\n${details?.text ?? ''}`
    if (told.has(key)) return false
    told.add(key)
    return true
  })
}
