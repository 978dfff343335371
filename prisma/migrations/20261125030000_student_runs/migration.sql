-- CreateTable
CREATE TABLE "deleted_run_times" (
    "runId" UUID NOT NULL,
    "attempt" INTEGER NOT NULL,
    "ownerId" UUID NOT NULL,
    "courseId" TEXT,
    "machineClass" "MachineClass" NOT NULL,
    "budgeted" BOOLEAN NOT NULL,
    "claimedAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "deleted_run_times_pkey" PRIMARY KEY ("runId","attempt")
);

-- CreateIndex
CREATE INDEX "deleted_run_times_ownerId_idx" ON "deleted_run_times"("ownerId");

-- AddForeignKey
ALTER TABLE "deleted_run_times" ADD CONSTRAINT "deleted_run_times_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- When runs had a worker, those that were deleted since among them; "endedAt" is null while one has it.
CREATE VIEW "run_times" AS
    SELECT r."ownerId", r."courseId", r."machineClass", r."budgetSeconds" IS NOT NULL AS "budgeted", a."claimedAt", a."endedAt"
    FROM "run_attempts" a JOIN "training_runs" r ON r."id" = a."runId" WHERE a."claimedAt" IS NOT NULL
    UNION ALL
    SELECT "ownerId", "courseId", "machineClass", "budgeted", "claimedAt", "endedAt" FROM "deleted_run_times";
