/** The catalogue: a list, and a page of its own for everything in it. */
import { segments } from '../app/router.ts'
import { texts } from '../languages/languages.ts'
import { CatalogueList } from './list/catalogue-list.tsx'
import { pathOf, whichOf } from './page/addresses.ts'
import { ArtefactPage } from './page/artefact-page.tsx'
import { Find } from './page/find.tsx'
import { Heading } from './page/heading.tsx'

/** The view catalogue. */
export function View() {
  const parts = segments.value.slice(1)
  if (parts.length === 0) return <CatalogueList />
  if (parts.length === 1 && parts[0] === 'find') return <Find />
  const which = whichOf(parts)
  return which ? <ArtefactPage key={pathOf(which)} which={which} /> : <NoPage />
}

function NoPage() {
  const { catalogue } = texts()
  return (
    <>
      <Heading title={catalogue.title}>{catalogue.page.noAddress}</Heading>
      <p>
        <a href="/catalogue">{catalogue.page.back}</a>
      </p>
    </>
  )
}
