"""One step each: a call into `pxcore`, with Prefect's retries, time-outs and run logs around it."""
