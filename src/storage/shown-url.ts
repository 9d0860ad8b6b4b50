/**
 * Hosts and database of a connection string of MongoDB (https://www.mongodb.com/docs/manual/reference/connection-string/), without who asks
 * and how.
 */
export function shownUrl(url: string): string {
  const [, hosts = '', database = 'vidimus'] =
    /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^/?]*)(?:\/([^?]+))?/.exec(url) ?? []
  return `${database} at ${hosts}`
}
