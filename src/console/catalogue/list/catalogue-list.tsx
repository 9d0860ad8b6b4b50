/** The list: kinds of artefacts, filters, and a page of what fits. All of what is looked for stands in the address. */
import { ask } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { changeQuery, place } from '../../app/router.ts'
import { language } from '../../app/session.ts'
import { counted, fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { searchAll } from '../page/batch.ts'
import { Heading } from '../page/heading.tsx'
import { OddNotice, WrongAnswer } from '../page/notices.tsx'
import { type ArtefactType, artefactTypes, type BundlePage, bundleOf, isArtefactType } from '../readers/artefact.ts'
import { Filters } from './filters.tsx'
import { cursorOf, searchOf, type Wanted, wantedOf } from './query.ts'
import { Rows } from './rows.tsx'

const pageSize = 25

/** The list. */
export function CatalogueList() {
  const { catalogue } = texts()
  const { query } = place.value
  const named = query.get('type') ?? ''
  const type = isArtefactType(named) ? named : 'ValueSet'
  const wanted = wantedOf(query)
  const search = searchOf(type, wanted, { count: pageSize, cursor: query.get('cursor') ?? undefined })
  const asked = useReply(search, (signal) => ask(search, { signal }))
  const counts = useCounts(wanted)
  return (
    <>
      <Heading title={catalogue.title}>{catalogue.title}</Heading>
      <Kinds type={type} counts={counts} />
      <Filters wanted={wanted} />
      <Await asked={asked} lines={30} keep>
        {(value) => <Page value={value} type={type} others={othersOf(counts, type)} />}
      </Await>
    </>
  )
}

/** How many of each kind fit. */
function useCounts(wanted: Wanted) {
  const searches = artefactTypes.map((each) => searchOf(each, wanted, { count: 0 }).slice(1))
  return useReply(searches.join('\n'), (signal) => searchAll(searches, signal))
}
type Counts = ReturnType<typeof useCounts>

interface Other {
  type: ArtefactType
  total: number
}

/** Other kinds in which something fits what is looked for now; what was counted for another search is not told. */
function othersOf({ value }: Counts, type: ArtefactType): Other[] {
  return artefactTypes.flatMap((each, index) => {
    const total = value?.[index]?.total ?? 0
    return each !== type && total > 0 ? [{ type: each, total }] : []
  })
}

/** The same search in another kind. */
function addressOfKind(type: ArtefactType): string {
  const query = new URLSearchParams(place.value.query)
  query.delete('cursor')
  query.set('type', type)
  return `/catalogue?${query}`
}

/** Kinds as links, each with how many of it fit; those that this server does not offer are left out. */
function Kinds({ type, counts: asked }: { type: ArtefactType; counts: Counts }) {
  const { catalogue } = texts()
  const pages = asked.value ?? asked.last
  const offered = artefactTypes
    .map((each, index) => ({ each, total: pages?.[index]?.total, isOffered: !pages || pages[index] !== undefined }))
    .filter(({ each, isOffered }) => isOffered || each === type)
  return (
    <nav class="kinds" aria-label={catalogue.list.kinds}>
      {offered.map(({ each, total }) => (
        <a key={each} href={addressOfKind(each)} {...(each === type && { 'aria-current': 'page' as const })}>
          {catalogue.types[each]}{' '}
          <span class={asked.state === 'here' ? 'count' : 'count stale'}>
            {total === undefined ? '\u2007' : new Intl.NumberFormat(language.value).format(total)}
          </span>
        </a>
      ))}
    </nav>
  )
}

function Page({ value, type, others }: { value: unknown; type: ArtefactType; others: Other[] }) {
  const { catalogue } = texts()
  const bundle = bundleOf(value)
  if (!bundle) return <WrongAnswer />
  const rows = bundle.resources.filter((each) => each.text('resourceType') === type)
  if (rows.length === 0)
    return (
      <div class="card empty">
        <p class="notice-head">{catalogue.list.none}</p>
        {others.length === 0 ? (
          <p>{catalogue.list.noneHint}</p>
        ) : (
          <>
            <p>{catalogue.list.elsewhere}</p>
            <ul>
              {others.map(({ type: other, total }) => (
                <li key={other}>
                  <a href={addressOfKind(other)}>
                    {fill(catalogue.list.inKind, {
                      n: new Intl.NumberFormat(language.value).format(total),
                      kind: catalogue.types[other],
                    })}
                  </a>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    )
  return (
    <>
      <p class="found" role="status">
        {bundle.total !== undefined && counted(catalogue.list.found, bundle.total, language.value)}
      </p>
      <Rows rows={rows} />
      <OddNotice odd={bundle.odd} />
      <Pages links={bundle.links} />
    </>
  )
}

function Pages({ links }: { links: BundlePage['links'] }) {
  const { list } = texts().catalogue
  const to = (cursor: string | undefined) => {
    changeQuery({ cursor })
    scrollTo(0, 0)
  }
  const [previous, next] = [cursorOf(links.previous), cursorOf(links.next)]
  const isLater = place.value.query.has('cursor')
  if (!previous && !next && !isLater) return null
  return (
    <nav class="pages" aria-label={list.pages}>
      {isLater && (
        <button type="button" class="quiet" onClick={() => to(undefined)}>
          {list.first}
        </button>
      )}
      {previous && (
        <button type="button" class="quiet" onClick={() => to(previous)}>
          {list.previous}
        </button>
      )}
      {next && (
        <button type="button" class="quiet" onClick={() => to(next)}>
          {list.next}
        </button>
      )}
    </nav>
  )
}
