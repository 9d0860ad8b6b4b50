import { isDots, isResource, isResourceId } from '../fhir/elements.ts'
import { badRequest, FhirError, issue } from '../fhir/error.ts'
import type { Permission } from '../fhir/principal.ts'
import { isSearchableType } from '../fhir/search/search-parameters.ts'
import { isAppendOnly, isProtectedType } from './audit/audit-event.ts'
import type { HttpContext, Interaction } from './context.ts'
import { batch } from './interactions/batch.ts'
import { create } from './interactions/create.ts'
import { conditionalDelete, deleteResource } from './interactions/delete.ts'
import { instanceHistory, systemHistory, typeHistory } from './interactions/history.ts'
import { metadata } from './interactions/metadata.ts'
import { conditionalPatch, patch } from './interactions/patch.ts'
import { read } from './interactions/read.ts'
import { search } from './interactions/search.ts'
import { conditionalUpdate, update } from './interactions/update.ts'
import { vread } from './interactions/vread.ts'
import { methodNotAllowed, unknownPath } from './message/errors.ts'
import type { Resolved, Target } from './message/exchange.ts'
import { findOperation, operationInteraction } from './operations.ts'

interface Method {
  run: Interaction
  /** Needs write permission. */
  writes?: boolean
}

const routes: { pattern: string; methods: Record<string, Method> }[] = [
  { pattern: '/', methods: { POST: { run: batch } } },
  { pattern: '/metadata', methods: { GET: { run: metadata } } },
  { pattern: '/_history', methods: { GET: { run: systemHistory } } },
  {
    pattern: '/:type',
    methods: {
      GET: { run: search },
      POST: { run: create, writes: true },
      PUT: { run: conditionalUpdate, writes: true },
      PATCH: { run: conditionalPatch, writes: true },
      DELETE: { run: conditionalDelete, writes: true },
    },
  },
  { pattern: '/:type/_search', methods: { POST: { run: search } } },
  { pattern: '/:type/_history', methods: { GET: { run: typeHistory } } },
  {
    pattern: '/:type/:id',
    methods: {
      GET: { run: read },
      PUT: { run: update, writes: true },
      PATCH: { run: patch, writes: true },
      DELETE: { run: deleteResource, writes: true },
    },
  },
  { pattern: '/:type/:id/_history', methods: { GET: { run: instanceHistory } } },
  { pattern: '/:type/:id/_history/:versionId', methods: { GET: { run: vread } } },
]
const matchers = routes.map((route) => ({ ...route, segments: route.pattern.split('/').slice(1).filter(Boolean) }))
/** What is possible with types that only grow. */
const appending = new Set(['GET', 'POST'])

/**
 * Finds the interaction of a method and a path.
 * @throws FhirError 404 nothing there, 405 with `Allow`
 */
export function resolveRoute(context: HttpContext, method: string, path: string[]): Resolved {
  if (path.some(isDots)) throw badRequest('The parts "." and ".." of an address mean other places: they are no ids.')
  const last = path.at(-1)
  if (last?.startsWith('$')) return resolveOperation(context, method, path)
  for (const { pattern, segments, methods } of matchers) {
    const target = matchPath(segments, path)
    if (!target) continue
    if (target.type !== '') checkType(context, target.type)
    const there = Object.keys(methods).filter((each) => !isAppendOnly(target.type) || appending.has(each))
    const possible = there.filter((each) => context.settings.routes?.writes !== false || methods[each]?.writes !== true)
    if (there.includes(method) && !possible.includes(method)) throw noWrites()
    const found = possible.includes(method) ? methods[method] : undefined
    if (!found) throw methodNotAllowed(method, allowed(possible), pattern === '/' ? whatIsHere : '')
    return {
      pattern,
      target,
      writes: found.writes === true,
      ...neededFor(method, found.writes === true, target),
      foreign: false,
      mapping: target.type === 'StructureMap' && (target.id !== '' || method !== 'GET'),
      selects: method === 'GET' && target.id !== '' && !pattern.endsWith('/_history'),
      run: (request) => found.run(context, request, target),
    }
  }
  throw unknownPath()
}

const noWrites = () =>
  new FhirError(403, issue('forbidden', 'Writes are switched off on this server by its operator (ROUTES_OFF=writes).'))

const permissions: Record<string, Permission> = { POST: 'create', PUT: 'update', PATCH: 'update', DELETE: 'delete' }

/** The permission that an interaction needs. */
function neededFor(method: string, writes: boolean, { type, id }: Target): Pick<Resolved, 'needs'> {
  if (writes) return { needs: permissions[method] ?? 'update' }
  return isProtectedType(type) ? { needs: id === '' ? 'search' : 'read' } : {}
}

/** The base itself is for batches and transactions alone; who opens it looks for what the server is. */
const whatIsHere = ' What this server holds and does is described at metadata.'

/** The methods of a path, for OPTIONS. */
export function allowedMethods(context: HttpContext, path: string[]): string[] {
  try {
    resolveRoute(context, 'TRACE', path)
  } catch (error) {
    const allow = error instanceof FhirError ? error.headers.Allow : undefined
    if (allow) return allow.split(', ')
    throw error
  }
  return ['OPTIONS']
}

function resolveOperation(context: HttpContext, method: string, path: string[]): Resolved {
  const [type = '', id = ''] = path.length > 1 ? path : []
  const operation = (path.at(-1) ?? '').slice(1)
  const versionId = path.length === 5 && path[2] === '_history' ? (path[3] ?? '') : ''
  const isInstance = path.length === 3 || versionId !== ''
  if (path.length > 3 && !isResourceId(versionId)) throw unknownPath()
  if (isInstance && !isResourceId(id)) throw unknownPath()
  if (type !== '') checkType(context, type)
  const target: Target = { type, id: isInstance ? id : '', versionId, operation }
  const found = findOperation(context.operations, target)
  if (versionId !== '' && !found.versions) throw unknownPath()
  if (method !== 'POST' && !(method === 'GET' && found.get)) {
    throw methodNotAllowed(method, allowed(found.get ? ['GET', 'POST'] : ['POST']))
  }
  const where = path.length === 1 ? '' : path.length === 2 ? '/:type' : '/:type/:id'
  const version = versionId === '' ? '' : '/_history/:versionId'
  return {
    pattern: `${where}${version}/$${found.name}`,
    target,
    writes: found.affectsState === true,
    ...neededFor(found.affectsState ? 'PUT' : 'GET', found.affectsState === true, target),
    foreign: true,
    mapping: false,
    selects: false,
    run: (request) => operationInteraction(context, found, request, target),
  }
}

function matchPath(segments: string[], path: string[]): Target | undefined {
  if (segments.length !== path.length) return undefined
  const target: Target = { type: '', id: '', versionId: '', operation: '' }
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] ?? ''
    const given = path[i] ?? ''
    if (!segment.startsWith(':')) {
      if (segment !== given) return undefined
    } else if (segment === ':type') target.type = given
    else if (!isResourceId(given)) return undefined
    else target[segment.slice(1) as 'id' | 'versionId'] = given
  }
  return target
}

function checkType({ settings }: HttpContext, type: string): void {
  const off = settings.routes?.typeOff(type)
  if (off !== undefined) throw new FhirError(404, issue('not-supported', off))
  if (isSearchableType(type)) return
  // A word that is no type may be anything, the text of a credential included: it is not repeated.
  const what = isResource(type)
    ? `resources of the type ${type}`
    : 'anything at this address: its first part is no resource type of FHIR R4'
  const text = `This server does not hold ${what}.`
  throw new FhirError(404, issue('not-supported', text))
}

function allowed(methods: string[]): string[] {
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS']
}
