/** Answers what browsers ask of the console: its page at the addresses of its views, and its files. */
import type { Request, Response } from 'express'
import type { Software } from '../context.ts'
import { landingLinks, landingPage } from '../describe/landing.ts'
import { unknownPath } from '../message/errors.ts'
import type { ConsoleFiles, ConsoleManifest } from './console-files.ts'
import { consolePage, pageHeaders } from './console-page.ts'

/** Addresses of views; which of them shows what is the console's own affair. */
export const consolePaths = /^\/(?:(?:verify|catalogue|workbench|trust|status|manual)(?:\/.*)?)?$/

/** A file whose name has its hash is the same for ever. */
const fileHeaders = {
  'Cache-Control': 'public, max-age=31536000, immutable',
  'Cross-Origin-Resource-Policy': 'same-origin',
  Vary: 'Accept-Encoding',
}

/** What the site does with requests for the console. */
export interface ConsoleHandlers {
  page(request: Request, response: Response): void
  file(request: Request, response: Response): Promise<void>
}

/** @param found the built console; without one `/` shows links alone */
export function consoleHandlers(
  software: Software,
  place: { basePath: string; types: readonly string[]; hasSpecimens?: boolean | undefined },
  found: ConsoleFiles | undefined,
): ConsoleHandlers {
  const facts = {
    basePath: place.basePath,
    software: `${software.name} ${software.version}`,
    links: landingLinks(software, place),
    hasSpecimens: place.hasSpecimens === true,
  }
  let made: { of: ConsoleManifest; page: string } | undefined
  const pageOf = (of: ConsoleManifest) => {
    if (made?.of !== of) made = { of, page: consolePage(of, facts) }
    return made.page
  }
  return {
    page(request, response) {
      if (found) response.set(pageHeaders).send(pageOf(found.manifest()))
      else if (request.path === '/') response.type('html').send(landingPage(software, place))
      else throw unknownPath()
    },
    async file(request, response) {
      const brotli = /(?:^|,)\s*br\s*(?:,|;(?!\s*q=0(?:\.0*)?\s*(?:,|$))|$)/i.test(request.get('Accept-Encoding') ?? '')
      const file = await found?.read(String(request.params.name), { brotli })
      if (!file) throw unknownPath()
      // A worker is judged by the policy of its own file.
      response.set({ ...fileHeaders, 'Content-Type': file.contentType, 'Content-Length': String(file.body.length) })
      if (file.encoding) response.set('Content-Encoding', file.encoding)
      if (/javascript/.test(file.contentType))
        response.set(
          'Content-Security-Policy',
          "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
        )
      response.end(file.body)
    },
  }
}
