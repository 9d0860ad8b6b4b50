import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { FhirError } from '../../src/fhir/error.ts'
import type { Library, Parameter, Parameters, Resource } from '../../src/fhir/types.ts'
import type { OperationContext } from '../../src/operations/context.ts'
import { cql } from '../../src/operations/cql.ts'
import { libraryEvaluate } from '../../src/operations/library-evaluate.ts'
import { cqlLibrary, testEnvironment, testRules } from './environment.ts'

const library: Library = {
  ...cqlLibrary(`library Ops version '1' using FHIR version '4.0.1'
parameter Least Integer
context Patient
define Patients: Count([Patient])
define Born: Patient.birthDate.value
define Fails: Message(1, true, 'E', 'Error', 'no')
define Least2: Least * 2`),
  id: 'ops',
}
const environment = testEnvironment([library])
const rules = testRules(environment)
after(() => rules.close())
// The handlers use these three members alone.
const context = {
  rules,
  now: () => new Date('2026-01-01T00:00:00Z'),
  admit: async (resources: Resource[]) => resources,
  // Of another view: everything is read anew.
  instances: {},
  storage: { read: async (_type: string, id: string) => (id === 'ops' ? { resource: library } : undefined) },
} as unknown as OperationContext

const parametersOf = (parameter: Parameter[]): Parameters => ({ resourceType: 'Parameters', parameter })
const patient = { resource: { resourceType: 'Patient', id: 'p', birthDate: '1970-01-02' } }
// Plain JSON: the declared resource union is not narrowed by a literal.
const data = {
  name: 'data',
  resource: { resourceType: 'Bundle', type: 'collection', entry: [patient] },
} as unknown as Parameter

async function call(
  operation: typeof cql | typeof libraryEvaluate,
  parameter: Parameter[],
  place: { level: 'system' | 'type' | 'instance'; id?: string } = { level: 'type' },
): Promise<Parameter[]> {
  const { resource } = await operation.handle({ ...place, parameters: parametersOf(parameter), headers: {} }, context)
  assert.equal(resource?.resourceType, 'Parameters')
  return (resource as Parameters).parameter ?? []
}

const refused = (status: number, code: string) => (error: unknown) => {
  assert.ok(error instanceof FhirError, String(error))
  assert.deepEqual([error.status, error.issues[0]?.code], [status, code])
  return true
}

describe('$cql', () => {
  const run = (...parameter: Parameter[]) => call(cql, parameter, { level: 'system' })
  const expression = (valueString: string): Parameter => ({ name: 'expression', valueString })

  it('returns the value of an expression', async () => {
    const [result] = await run(expression('1 + 1'))
    assert.equal(result?.name, 'return')
    assert.equal(result?.valueInteger, 2)
    const [now] = await run(expression('Now()'))
    assert.equal(now?.valueDateTime, '2026-01-01T00:00:00.000Z')
  })

  it('runs over data, with libraries and parameters', async () => {
    const named: Parameter = { name: 'library', part: [{ name: 'url', valueCanonical: 'Ops|1' }] }
    const values = { name: 'parameters', resource: parametersOf([{ name: 'Least', valueInteger: 4 }]) } as Parameter
    const [count] = await run(expression('Count([Patient])'), data)
    assert.equal(count?.valueInteger, 1)
    const [twice] = await run(expression('Ops.Least2 + 1'), named, values)
    assert.equal(twice?.valueInteger, 9)
    const prefetched: Parameter = { name: 'prefetchData', part: [{ ...data, name: 'data' }] }
    assert.equal((await run(expression('Count([Patient])'), prefetched))[0]?.valueInteger, 1)
  })

  it('answers a failing evaluation as `evaluation error`', async () => {
    const [error] = await run(expression("Message(1, true, 'E', 'Error', 'no')"))
    assert.equal(error?.name, 'evaluation error')
    assert.equal(error?.resource?.resourceType, 'OperationOutcome')
  })

  it('refuses what it cannot do', async () => {
    await assert.rejects(run(), refused(400, 'required'))
    await assert.rejects(run(expression('1 +')), refused(422, 'structure'))
    await assert.rejects(
      run(expression('1'), { name: 'dataEndpoint', valueString: 'x' }),
      refused(422, 'not-supported'),
    )
    await assert.rejects(run(expression('1'), { name: 'data', valueString: 'x' }), refused(400, 'invalid'))
    await assert.rejects(run(expression('1'), { name: 'library', part: [] }), refused(400, 'required'))
    const unknown: Parameter = { name: 'library', part: [{ name: 'url', valueCanonical: 'http://example.org/none' }] }
    await assert.rejects(run(expression('1'), unknown), refused(404, 'not-found'))
  })
})

describe('Library/$evaluate', () => {
  const url: Parameter = { name: 'url', valueCanonical: `${library.url}|1` }
  const expression = (valueString: string): Parameter => ({ name: 'expression', valueString })

  it('returns one parameter per define, errors for themselves', async () => {
    const reply = await call(libraryEvaluate, [url, data])
    assert.deepEqual(
      reply.map((each) => each.name),
      ['Patients', 'Born', 'evaluation error', 'Least2'],
    )
    assert.equal(reply[1]?.valueDate, '1970-01-02')
  })

  it('takes the instance, the url or the library itself, and the defines asked for', async () => {
    const wanted = [expression('Patients'), data]
    const byId = await call(libraryEvaluate, wanted, { level: 'instance', id: 'ops' })
    const byUrl = await call(libraryEvaluate, [url, ...wanted])
    const inline = await call(libraryEvaluate, [{ name: 'library', resource: library } as Parameter, ...wanted])
    assert.deepEqual(byId, byUrl)
    assert.deepEqual(inline, byUrl)
    assert.equal(byUrl[0]?.valueInteger, 1)
  })

  it('answers alike for much data', async () => {
    const others = Array.from({ length: 600 }, () => ({ resource: { resourceType: 'Observation', status: 'final' } }))
    const large = {
      name: 'data',
      resource: { resourceType: 'Bundle', entry: [patient, ...others] },
    } as unknown as Parameter
    assert.deepEqual(await call(libraryEvaluate, [url, large]), await call(libraryEvaluate, [url, data]))
  })

  it('reports parameters that the library does not have', async () => {
    const values = { name: 'parameters', resource: parametersOf([{ name: 'Most', valueInteger: 4 }]) } as Parameter
    const reply = await call(libraryEvaluate, [url, expression('Patients'), values])
    assert.deepEqual(
      reply.map((each) => each.name),
      ['Patients', 'outcome'],
    )
  })

  it('refuses what it does not know', async () => {
    await assert.rejects(call(libraryEvaluate, []), refused(400, 'required'))
    await assert.rejects(call(libraryEvaluate, [], { level: 'instance', id: 'none' }), refused(404, 'not-found'))
    await assert.rejects(call(libraryEvaluate, [url, expression('Nothing')]), refused(422, 'not-found'))
    await assert.rejects(call(libraryEvaluate, [{ name: 'library', valueString: 'x' }]), refused(400, 'invalid'))
  })
})

describe('Library/$evaluate for authors', () => {
  const brought = cqlLibrary(`library Tried version '1' using FHIR version '4.0.1'
context Patient
define Old: Today() >= @2030-01-01 and exists [Patient]
define explanation: 'mine'`)
  const library = { name: 'library', resource: brought } as unknown as Parameter

  it('runs at a clock that the request names, and refuses one that is none', async () => {
    const at = (valueDateTime: string) => ({ name: 'evaluationDateTime', valueDateTime })
    const old = async (...parameter: Parameter[]) =>
      (await call(libraryEvaluate, [library, data, ...parameter])).find(({ name }) => name === 'Old')?.valueBoolean
    assert.deepEqual([await old(), await old(at('2031-01-01T00:00:00Z'))], [false, true])
    await assert.rejects(old(at('soon')), refused(400, 'invalid'))
  })

  it('tells reasons and conditions last, and only where they are asked for', async () => {
    const silent = await call(libraryEvaluate, [library, data])
    assert.deepEqual(
      silent.map(({ name }) => name),
      ['Old', 'explanation'],
    )
    const told = await call(libraryEvaluate, [library, data, { name: 'explain', valueBoolean: true }])
    assert.deepEqual(told.slice(0, -1), silent)
    const last = told.at(-1)
    assert.equal(last?.name, 'explanation')
    const { parameter: all = [] } = (last?.resource ?? {}) as Parameters
    const parts = (name: string) => all.filter((each) => each.name === name).map(({ part = [] }) => part)
    const [reason] = parts('reason')
    assert.equal(reason?.find(({ name }) => name === 'expression')?.valueString, 'Old')
    assert.match(JSON.stringify(reason), /line 3, column/)
    const counts = parts('condition').map((part) =>
      ['source', 'line', 'true', 'false'].map((name) => {
        const found = part.find((each) => each.name === name)
        return found?.valueString ?? found?.valueInteger
      }),
    )
    assert.ok(
      counts.some(
        ([source, line, yes, no]) => String(source).startsWith('Today() >=') && line === 3 && yes === 0 && no === 1,
      ),
    )
    assert.equal(parts('incomplete').length, 0)
  })

  it('says of a run that failed half way that not all was told', async () => {
    const stored = await call(libraryEvaluate, [data, { name: 'explain', valueBoolean: true }], {
      level: 'instance',
      id: 'ops',
    })
    assert.match(JSON.stringify(stored.at(-1)), /"incomplete"/)
  })
})
