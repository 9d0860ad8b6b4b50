import { firstParameter, type OperationCall } from '../fhir/operation.ts'
import { mapSize } from './convert.ts'
import { bringsMap } from './input/transform-map.ts'

/** A use of an operation that an operator may keep for those who have a token. */
interface GuardedUse {
  operations: readonly string[]
  /** Whether a call is such a use. */
  applies(call: OperationCall): boolean
  /** What needs a token, as the beginning of a sentence. */
  what: string
}

/** From this size on `$convert` is such a use. */
const largeMapBytes = 64_000

/**
 * What may be kept for those who have a token, by the names of the setting OPEN_OPERATIONS: everything that runs what a client brings
 * along, and what makes the server ready for a moment of the past. All else is open to everybody, above all `$evaluate` and the terminology operations.
 */
const guardedUses = {
  'inline-maps': { operations: ['transform'], applies: bringsMap, what: 'A map that comes with the request' },
  cql: { operations: ['cql'], applies: () => true, what: 'The operation $cql' },
  'inline-libraries': {
    operations: ['evaluate'],
    applies: (call) =>
      call.resourceType === 'Library' && firstParameter(call.parameters, 'library')?.resource !== undefined,
    what: 'A Library that comes with the request',
  },
  'inline-plans': {
    operations: ['apply', 'r5.apply'],
    applies: ({ parameters }) =>
      ['planDefinition', 'activityDefinition'].some((name) => firstParameter(parameters, name) !== undefined),
    what: 'A definition that comes with the request',
  },
  'large-convert': {
    operations: ['convert'],
    applies: (call) => mapSize(call) > largeMapBytes,
    what: `$convert of more than ${largeMapBytes} bytes`,
  },
  'as-of': {
    operations: ['evaluate'],
    applies: (call) => call.resourceType !== 'Library' && firstParameter(call.parameters, 'asOf') !== undefined,
    what: 'A question as of an earlier moment',
  },
} satisfies Record<string, GuardedUse>

/** A name of the setting. */
export type OpenOperation = keyof typeof guardedUses

/** All names of the setting. */
export const openOperationNames: readonly OpenOperation[] = Object.keys(guardedUses).filter((name) =>
  isOpenOperation(name),
)

function isOpenOperation(name: string): name is OpenOperation {
  return Object.hasOwn(guardedUses, name)
}

/** The uses of each operation: every call of every operation asks for them. */
const usesOf = Map.groupBy(
  Object.entries<GuardedUse>(guardedUses).flatMap((each) =>
    each[1].operations.map((operation) => ({ operation, each })),
  ),
  ({ operation }) => operation,
)

/**
 * Why a call needs a token, as a sentence that says what to do; undefined when it is open to everybody. The one place that decides it,
 * for REST and for entries of a batch.
 * @param open what an operator has opened
 */
export function tokenReason(open: ReadonlySet<string>, operation: string, call: OperationCall): string | undefined {
  for (const { each } of usesOf.get(operation) ?? []) {
    const [name, use] = each
    if (open.has(name) || !use.applies(call)) continue
    return `${use.what} needs a bearer token on this server. Its operator may open it to everybody with OPEN_OPERATIONS=${name}.`
  }
  return undefined
}
