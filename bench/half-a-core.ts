/** Other work on the machine: 50 ms of it in each 100 ms. */
setInterval(() => {
  const endsAt = performance.now() + 50;
  while (performance.now() < endsAt);
}, 100);
