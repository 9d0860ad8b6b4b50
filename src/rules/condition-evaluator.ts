import { notFound, unprocessable } from '../fhir/error.ts'
import type { Json, JsonObject, Library, PlanDefinition } from '../fhir/types.ts'
import { certLogicType, evaluateCertLogic, readCertLogic } from './certlogic/certlogic.ts'
import { inlineLibrary } from './cql/expression.ts'
import type { Libraries } from './cql/libraries.ts'
import { type LibraryRun, openRun, type RunCall, type RunEnvironment } from './cql/run.ts'
import { toJson } from './cql/to-json.ts'
import type { ConditionEvaluator, ConditionResult } from './plan.ts'

/** What conditions are evaluated with. */
export interface ConditionEnvironment {
  libraries: Libraries
  run: RunEnvironment
  findLibrary(canonical: string): Promise<Library | undefined>
  /** `external` of CertLogic rules; composed at most once. */
  external(): Promise<JsonObject>
}

interface Expression {
  language: string
  expression: string
  reference?: string
}

/** Evaluates the conditions of one plan over one request; a library is opened once and its defines share what they compute. */
export function createConditionEvaluator(
  plan: PlanDefinition,
  call: RunCall & { payload?: Json },
  environment: ConditionEnvironment,
): ConditionEvaluator {
  const opened = new Map<string, Promise<LibraryRun>>()
  let external: Promise<JsonObject> | undefined
  const libraryOf = ({ reference }: Expression): string => {
    const canonical = reference ?? plan.library?.[0]
    if (canonical === undefined) throw unprocessable('the PlanDefinition names no library', 'required')
    return canonical
  }
  const open = (canonical: string) => {
    const run =
      opened.get(canonical) ??
      environment.libraries.compile(canonical).then((library) => openRun(library, call, environment.run))
    opened.set(canonical, run)
    return run
  }
  const languages: Record<string, (expression: Expression) => Promise<ConditionResult>> = {
    'text/cql-identifier': async (expression) =>
      runDefine(await open(libraryOf(expression)), unquote(expression.expression)),
    'text/cql': async (expression) => {
      const library = await environment.libraries.compile(libraryOf(expression))
      const inline = await environment.libraries.compileText(
        inlineLibrary(expression.expression, [{ ...library.identifier }], true),
        undefined,
      )
      const answer = await runDefine(openRun(inline, call, environment.run), 'return')
      return { ...answer, library: library.canonical }
    },
    [certLogicType]: async (expression) => {
      const canonical = libraryOf(expression)
      const resource = await environment.findLibrary(canonical)
      if (!resource) throw notFound(`Library ${canonical} is not known to this server`)
      external ??= environment.external()
      const library = readCertLogic(resource)
      const data = { external: await external, ...(call.payload === undefined ? {} : { payload: call.payload }) }
      const outcome = evaluateCertLogic(library, data)
      if ('error' in outcome) return { library: library.canonical, value: null, evidence: [], issue: outcome.error }
      return { library: library.canonical, value: outcome.value, evidence: [] }
    },
  }
  return {
    async evaluate(expression) {
      const evaluate = languages[expression.language]
      if (evaluate) return evaluate(expression)
      const known = Object.keys(languages).join(', ')
      throw unprocessable(
        `conditions in ${expression.language || 'no language'} are not supported; supported: ${known}`,
        'not-supported',
      )
    },
  }
}

async function runDefine(run: LibraryRun, name: string): Promise<ConditionResult> {
  const result = await run.evaluate(name)
  const evidence = [...result.evidence]
  const reasons = `${name} Reasons`
  if (run.has(reasons)) {
    const given = toJson((await run.evaluate(reasons)).value)
    for (const each of [given ?? []].flat()) if (each !== null) evidence.unshift({ name: reasons, value: each })
  }
  return {
    library: run.library.canonical,
    value: result.value,
    evidence,
    ...(result.issue ? { issue: result.issue } : {}),
  }
}

const unquote = (name: string) =>
  /^".*"$/s.test(name.trim()) ? name.trim().slice(1, -1).replace(/\\(.)/g, '$1') : name
