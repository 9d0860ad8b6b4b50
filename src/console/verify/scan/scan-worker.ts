/** The worker in which pictures of the camera are looked at. */
export {}
