/** The pages of docs/, as they came with this version of the server. */
import type { Root } from 'mdast'
import { useEffect } from 'preact/hooks'
import { ask } from '../api/client.ts'
import { useReply } from '../api/use-reply.ts'
import { segments } from '../app/router.ts'
import { language } from '../app/session.ts'
import { texts } from '../languages/languages.ts'
import { Await } from '../parts/await.tsx'
import { Page } from './blocks.tsx'

/** The view: a list of pages, and the page of the address. */
export function View() {
  const { manual, shell } = texts()
  const [, name] = segments.value
  const page = MANUAL_PAGES.find((each) => each.name === name)
  return (
    <div class="manual">
      <nav aria-label={manual.pages}>
        <ul>
          {MANUAL_PAGES.map((each) => (
            <li>
              <a
                href={`/manual/${each.name}`}
                lang="en"
                dir="ltr"
                {...(each.name === name ? { 'aria-current': 'page' as const } : {})}
              >
                {each.title}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="manual-text">
        {page ? (
          <ShownPage key={page.name} address={page.address} />
        ) : (
          <>
            <h1>{manual.title}</h1>
            {name && <p role="alert">{shell.notFound}</p>}
            <p>{manual.intro}</p>
            <Overview />
          </>
        )}
      </div>
    </div>
  )
}

/** Pages by who reads them. */
const readers = {
  verify: ['console', 'verifier', 'offline-kit'],
  author: [
    'rule-author',
    'rule-tests',
    'map-author',
    'eu-rules',
    'publishing',
    'lifecycle',
    'provenance',
    'vocabularies',
    'ecl',
  ],
  operate: ['operator', 'monitoring', 'security', 'authority', 'network', 'trust', 'gateway', 'mirror', 'directory'],
  connect: ['evaluate', 'formats', 'apply', 'issuing', 'legacy'],
} as const

/** Where to begin: what each reader looks for first. */
function Overview() {
  const { manual } = texts()
  return (
    <section>
      <h2>{manual.begin}</h2>
      {language.value !== 'en' && <p class="hint">{manual.inEnglishAll}</p>}
      <div class="manual-readers">
        {(['verify', 'author', 'operate', 'connect'] as const).map((reader) => (
          <section class="card">
            <h3>{manual[reader].head}</h3>
            <p>{manual[reader].text}</p>
            <ul lang="en" dir="ltr">
              {MANUAL_PAGES.filter((page) => readers[reader].some((each) => each === page.name)).map((page) => (
                <li>
                  <a href={`/manual/${page.name}`}>{page.title}</a>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </section>
  )
}

function ShownPage({ address }: { address: string }) {
  const asked = useReply(address, (signal) => ask<Root>(`/${address}`, { accept: 'application/json', signal }))
  const isHere = asked.state === 'here'
  useEffect(() => {
    if (isHere && location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView()
  }, [isHere])
  return (
    <>
      {language.value !== 'en' && <p class="hint">{texts().manual.inEnglish}</p>}
      <div lang="en" dir="ltr">
        <Await asked={asked} lines={30}>
          {(page) => <Page page={page} />}
        </Await>
      </div>
    </>
  )
}
